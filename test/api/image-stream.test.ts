import { EventEmitter } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import test from 'ava';
import { streamImage } from '../../src/api/services/promotion-service.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import type { OutgoingImage } from '../../src/node/image/image-outlet.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { encodeImageRequest, type MemberLineage } from '../../src/protocol/operations/promotion.ts';

/** A call whose receiver takes so many messages, and then none. */
class Call extends EventEmitter {
  cancelled = false;
  readonly request = encodeImageRequest(nodeId('w1'), null);
  ended = false;
  readonly #takes: number;
  #taken = 0;

  constructor(takes: number) {
    super();
    this.#takes = takes;
  }

  write(_: Buffer, done: () => void): boolean {
    if (this.#taken++ < this.#takes) setImmediate(done);
    return true;
  }

  end(): void {
    this.ended = true;
  }
}

function streamed(call: Call): {
  readonly closed: () => boolean;
  readonly due: (() => void)[];
  over: Promise<void>;
} {
  let closed = false;
  const due: (() => void)[] = [];
  const clock = {
    after: (_: number, act: () => void) => {
      due.push(act);
      return { cancel: () => void due.splice(due.indexOf(act), 1) };
    },
  } as unknown as Clock;
  const image: OutgoingImage = {
    applied: {} as OutgoingImage['applied'],
    sizeBytes: 3,
    chunks: (async function* () {
      for (let i = 0; i < 3; i++) yield new Uint8Array(1);
    })(),
    close: async () => {
      closed = true;
    },
  };
  const said = { id: 'h1', lineage: { clusterId: 'c', epoch: 1 } } as MemberLineage;
  const stream = call as unknown as ServerWritableStream<Buffer, Buffer>;
  const over = streamImage({ said: () => said, image: async () => image }, stream, clock);
  return { closed: () => closed, due, over };
}

test('an image that is taken ends, and leaves no timer', async (t) => {
  const call = new Call(10);
  const { closed, due, over } = streamed(call);
  await over;
  t.true(call.ended && closed());
  t.is(due.length, 0);
});

test('a receiver that takes nothing any more does not hold the image for ever', async (t) => {
  for (const leaves of [true, false]) {
    const call = new Call(2);
    let failure: unknown = null;
    call.on('error', (error) => {
      failure = error;
    });
    const { closed, due, over } = streamed(call);
    while (due.length === 0 || closed()) await new Promise<void>((resolve) => setImmediate(resolve));
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
    t.false(closed());
    if (leaves) {
      call.cancelled = true;
      call.emit('cancelled');
    } else due[0]!();
    await over;
    t.true(closed());
    t.is(failure === null, leaves);
  }
});
