import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import test from 'ava';
import { addReflectionService } from '../../../src/api/introspection/reflection-service.ts';
import { limits } from '../../../src/foundation/limits.ts';
import { FakeCall } from '../fake-call.ts';

type Info = (call: ServerDuplexStream<Buffer, Buffer>) => void;

function handlers(): readonly Info[] {
  const found: Info[] = [];
  const server = { addService: (_: unknown, { info }: { info: Info }) => found.push(info) };
  addReflectionService(server as unknown as Server);
  return found;
}

/** Which file describes etcd's KV service. */
const request = Buffer.concat([Buffer.from([0x22, 15]), Buffer.from('etcdserverpb.KV')]);

test('a client that asks and does not read loses its stream before its answers take more than a few messages', async (t) => {
  for (const info of handlers()) {
    const fake = new FakeCall();
    info(fake.call);
    while (fake.listenerCount('data') === 0) await new Promise((resolve) => setImmediate(resolve));
    fake.sends(request);
    await new Promise((resolve) => setImmediate(resolve));
    const answerBytes = fake.taken[0]!.length;
    t.true(answerBytes > 10_000);
    fake.stopReading();
    const most = Math.ceil(limits.messageBytes / answerBytes) + 2;
    for (let i = 0; i < most; i++) fake.sends(request);
    t.is(fake.endedWith?.code, 'overloaded');
    const waiting = fake.writableLength;
    for (let i = 0; i < 100; i++) fake.sends(request);
    t.is(fake.writableLength, waiting, 'nothing more is answered');
  }
});
