import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import test from 'ava';
import { Frames } from '../../../../src/api/streams/frames.ts';
import { method } from '../../../../src/protocol/services.ts';

/** `Frames` depends on how grpc-js frames a message: this is what fails if another version does it differently. */
test('several messages written at once reach a grpc-js client one by one', async (t) => {
  const sent = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(100_000, 7), Buffer.from('last')];
  const definition = method('/test.Test/Stream', true, true);
  const server = new Server();
  server.addService(
    { stream: definition },
    {
      stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.write(new Frames(sent) as unknown as Buffer);
        call.write(Buffer.from('plain'));
        call.write(new Frames([Buffer.from('alone')]) as unknown as Buffer);
        call.end();
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(
    definition.path,
    definition.requestSerialize,
    definition.responseDeserialize,
  );
  const received: Buffer[] = [];
  for await (const message of call) received.push(message as Buffer);
  t.deepEqual(received, [...sent, Buffer.from('plain'), Buffer.from('alone')]);
  client.close();
  server.forceShutdown();
});
