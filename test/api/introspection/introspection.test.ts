import { Client, type ClientDuplexStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import test from 'ava';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';
import { servedServices } from '../../../src/api/introspection/served-services.ts';
import { WireReader } from '../../../src/protocol/parts/wire-reader.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd/etcd-cluster.ts';

let cluster: EtcdTestCluster;
let client: Client;

test.before(async () => {
  cluster = await startEtcdCluster(1);
  client = new Client(cluster.endpoints[0]!, credentials.createInsecure());
});
test.after.always(async () => {
  client?.close();
  await cluster?.stop();
});

const same = (bytes: Buffer): Buffer => bytes;

/** A message with one text field. */
function textMessage(field: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, Buffer.byteLength(value)]), Buffer.from(value)]);
}

function check(service: string): Promise<Buffer> {
  const request = service === '' ? Buffer.alloc(0) : textMessage(1, service);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, request, (error, reply) => {
      if (error !== null) reject(error);
      else resolve(reply ?? Buffer.alloc(0));
    });
  });
}

const serving = Buffer.from([0x08, 1]);

test('grpc.health: serving as a whole and by service, NOT_FOUND otherwise', async (t) => {
  for (const service of ['', 'etcdserverpb.KV', 'etcdserverpb.Watch', 'tanist.v1.Tanist', 'v3lockpb.Lock'])
    t.deepEqual(await check(service), serving, service);
  const error = await t.throwsAsync<ServiceError>(check('nobody'));
  t.is(error?.code, status.NOT_FOUND);
});

test('grpc.health: a watch begins with what is', async (t) => {
  const watch = (service: string): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const call = client.makeServerStreamRequest(
        '/grpc.health.v1.Health/Watch',
        same,
        same,
        textMessage(1, service),
      );
      call.on('error', reject);
      call.once('data', (bytes: Buffer) => {
        call.removeAllListeners('error').on('error', () => {});
        call.cancel();
        resolve(bytes);
      });
    });
  t.deepEqual(await watch('etcdserverpb.Lease'), serving);
  t.deepEqual(await watch('nobody'), Buffer.from([0x08, 3]));
});

/** The fields of a message by number, as they came. */
function fieldsOf(bytes: Buffer): ReadonlyMap<number, readonly Buffer[]> {
  const found = new Map<number, Buffer[]>();
  const reader = new WireReader(bytes);
  while (reader.more()) {
    const number = reader.next();
    found.set(number, [...(found.get(number) ?? []), Buffer.from(reader.bytes(), 'latin1')]);
  }
  return found;
}

const decodeFile = (bytes: Buffer): IFileDescriptorProto =>
  descriptor.FileDescriptorProto.decode(bytes) as unknown as IFileDescriptorProto;

function reflection(version: string): ClientDuplexStream<Buffer, Buffer> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  return client.makeBidiStreamRequest(path, same, same);
}

async function ask(version: string, request: Buffer): Promise<ReadonlyMap<number, readonly Buffer[]>> {
  const call = reflection(version);
  const reply = new Promise<Buffer>((resolve, reject) => {
    call.once('data', resolve);
    call.once('error', reject);
  });
  call.write(request);
  const bytes = await reply;
  call.end();
  return fieldsOf(bytes);
}

for (const version of ['v1', 'v1alpha']) {
  test(`reflection ${version} lists the services and describes them whole`, async (t) => {
    const listed = await ask(version, textMessage(7, '*'));
    const services = (fieldsOf(listed.get(6)![0]!).get(1) ?? []).map((each) =>
      fieldsOf(each).get(1)![0]!.toString(),
    );
    t.deepEqual([...services].sort(), [...servedServices].sort());
    for (const name of servedServices) {
      const described = (await ask(version, textMessage(4, name))).get(4);
      const [bytes] = described === undefined ? [] : (fieldsOf(described[0]!).get(1) ?? []);
      const file = bytes === undefined ? null : decodeFile(bytes);
      const service = file?.service?.find((each) => `${file.package}.${each.name}` === name);
      t.true((service?.method ?? []).length > 0, name);
    }
    // As grpcurl does it: the file of a symbol with all that it imports must be enough to read its messages.
    const found = await ask(version, textMessage(4, 'etcdserverpb.KV'));
    const encoded = fieldsOf(found.get(4)![0]!).get(1) ?? [];
    const files: readonly IFileDescriptorProto[] = encoded.map((bytes) => decodeFile(bytes));
    const names = files.map(({ name }) => name);
    for (const file of files)
      for (const needed of file.dependency ?? []) t.true(names.includes(needed), needed);
    const [file] = files;
    t.is(file?.package, 'etcdserverpb');
    t.is(file?.syntax, 'proto3');
    t.true(file?.dependency?.some((name: string) => name.includes('mvccpb')));
    const range = file?.messageType?.find(({ name }) => name === 'RangeRequest');
    t.is(range?.field?.find(({ name }) => name === 'range_end')?.number, 2);
    const kv = file?.service?.find(({ name }) => name === 'KV');
    t.is(kv?.method?.find(({ name }) => name === 'Range')?.inputType, '.etcdserverpb.RangeRequest');
  });
}

test('reflection: an unknown symbol and bytes that are no request are answered', async (t) => {
  const unknown = await ask('v1', textMessage(4, 'no.Such'));
  t.true(unknown.has(7));
  const call = reflection('v1');
  const error = new Promise<ServiceError>((resolve) => call.once('error', resolve));
  call.write(Buffer.from([0x3a, 0xff]));
  t.is((await error).code, status.INVALID_ARGUMENT);
});
