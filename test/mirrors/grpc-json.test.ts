import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import test from 'ava';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { grpcOrigin } from '../../src/mirrors/sources/grpc-origin.ts';
import { messageJson, messageOf } from '../../src/mirrors/sources/proto-json.ts';

const known = ['timestamp', 'duration', 'wrappers', 'struct', 'any', 'field_mask'];

function schema(text: string): protobuf.Root {
  const root = new protobuf.Root();
  for (const name of known) {
    const common = protobuf.common.get(`google/protobuf/${name}.proto`);
    if (common !== null) root.addJSON(common.nested ?? {});
  }
  protobuf.parse(text, root);
  root.resolveAll();
  return root;
}

test('a message is canonical proto3 JSON; what is at its default and has no presence is told', (t) => {
  const all = schema(`syntax = "proto3"; package t;
    enum Colour { NONE = 0; RED = 1; }
    message Part { int32 size = 1; optional int32 weight = 2; }
    message All {
      int64 big_number = 1; uint64 unsigned = 2; bytes raw = 3; Colour colour = 4; string odd_name = 5 [json_name = "@odd"];
      double not_a_number = 6; repeated Part parts = 7; map<int64, Part> by_id = 8; optional string maybe = 9;
      oneof one { string left = 10; int32 right = 11; }
      google.protobuf.Timestamp at = 12; google.protobuf.Duration took = 13; google.protobuf.Int64Value wrapped = 14;
      google.protobuf.Struct free = 15; google.protobuf.Any some = 16; google.protobuf.FieldMask mask = 17; Part part = 18;
      google.protobuf.Value value = 19; bool on = 20;
    }`).lookupType('t.All');
  const json = {
    bigNumber: '9007199254740993',
    unsigned: '18446744073709551615',
    raw: 'aGk=',
    colour: 'RED',
    '@odd': 'x',
    notANumber: 'NaN',
    parts: [{ size: 1 }, { size: 0, weight: 0 }],
    byId: { '-7': { size: 2 }, '3': { size: 0 } },
    maybe: '',
    right: 0,
    at: '2026-01-02T03:04:05.600Z',
    took: '1.500s',
    wrapped: '5',
    free: { a: [1, null, { b: 'c' }] },
    some: { '@type': 'type.googleapis.com/t.Part', size: 4 },
    mask: 'a.b,cD',
    part: { size: 0 },
    value: [true],
    on: true,
  };
  t.deepEqual(messageJson(all, all.decode(all.encode(messageOf(all, json)).finish())), json);
  t.deepEqual(messageJson(all, all.decode(Buffer.alloc(0))), {
    bigNumber: '0',
    unsigned: '0',
    raw: '',
    colour: 'NONE',
    '@odd': '',
    notANumber: 0,
    parts: [],
    byId: {},
    on: false,
  });
  // Names as in the proto file are taken in requests; what is not in the schema is not.
  t.deepEqual(messageOf(all, { big_number: 5 }), messageOf(all, { bigNumber: '5' }));
  t.throws(() => messageOf(all, { nothing: 1 }));
});

/** Answers one method, and describes it by reflection as it is at present. */
async function startThings() {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@grpc/reflection/package.json'));
  const file = join(folder, 'build/proto/grpc/reflection/v1/reflection.proto');
  const reflection = protobuf.parse(readFileSync(file, 'utf8')).root;
  const answerType = reflection.lookupType('grpc.reflection.v1.ServerReflectionResponse');
  const state = { schema: '', reply: Buffer.alloc(0), described: 0 };
  const same = (bytes: Buffer): Buffer => bytes;
  const method = (path: string, streams: boolean) => ({
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  });
  const server = new Server();
  server.addService(
    { Get: method('/t.Things/Get', false) },
    { Get: (_: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, state.reply) },
  );
  server.addService(
    { Info: method('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', true) },
    {
      Info: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', () => {
          state.described++;
          const { root } = protobuf.parse(state.schema);
          root.resolveAll();
          const files = (root.toDescriptor('proto3') as unknown as descriptor.IFileDescriptorSet).file?.map(
            (each) => descriptor.FileDescriptorProto.encode(each).finish(),
          );
          const answer = { fileDescriptorResponse: { fileDescriptorProto: files } };
          call.write(Buffer.from(answerType.encode(answerType.fromObject(answer)).finish()));
        });
        call.on('end', () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { state, address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

test('a server with a newer schema is decoded by that: after minutes, and at once where the old one fails', async (t) => {
  const { state, address, stop } = await startThings();
  const schemaOf = (fields: string): string =>
    `syntax = "proto3"; package t; message Ask {} message Thing { ${fields} } service Things { rpc Get(Ask) returns (Thing); }`;
  let wallMs = 1_000_000;
  const config = {
    kind: 'grpc',
    address,
    method: 't.Things/Get',
    request: {},
    metadata: {},
    secrets: {},
    tls: false,
  };
  const origin = grpcOrigin(
    config as unknown as Parameters<typeof grpcOrigin>[0],
    { environmentPrefix: 'NONE_', folder: null } as Parameters<typeof grpcOrigin>[1],
    () => wallMs,
  );
  const ask = async (): Promise<unknown> => {
    const answer = await origin.fetch({
      key: 'k',
      validators: null,
      signal: AbortSignal.timeout(30_000),
      maxBytes: 1_000_000,
    });
    return answer.kind === 'content'
      ? answer.document
      : answer.kind === 'failed'
        ? answer.error.code
        : answer.kind;
  };
  try {
    state.schema = schemaOf('int32 size = 1;');
    state.reply = Buffer.from([8, 5]);
    t.deepEqual(await ask(), { size: 5 });
    t.deepEqual(await ask(), { size: 5 });
    t.is(state.described, 1);
    state.schema = schemaOf('int32 size = 1; string name = 2;');
    state.reply = Buffer.from([8, 5, 18, 1, 97]);
    t.deepEqual(await ask(), { size: 5 });
    wallMs += 300_000;
    t.deepEqual(await ask(), { size: 5, name: 'a' });
    wallMs += 300_000;
    state.schema = `${schemaOf('Part size = 1;')} message Part { int32 x = 1; }`;
    state.reply = Buffer.from([10, 2, 8, 5]);
    t.deepEqual(await ask(), { size: { x: 5 } });
    t.is(state.described, 3);
    // A field of another type: the old schema cannot read it.
    state.schema = schemaOf('string size = 1;');
    state.reply = Buffer.from([10, 1, 98]);
    t.deepEqual(await ask(), { size: 'b' });
    t.is(state.described, 4);
    state.reply = Buffer.from([10, 9, 98]);
    t.is(await ask(), 'origin-unreadable');
  } finally {
    origin.close?.();
    stop();
  }
});
