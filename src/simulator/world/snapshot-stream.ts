import { TanistError } from '../../foundation/errors.ts';
import { nodeId } from '../../foundation/ids.ts';
import type { OutgoingSnapshot } from '../../ports/transport.ts';
import type { Life } from './life.ts';
import type { Endpoint, Network } from './network.ts';

const chunkTimeoutMs = 500;

/** Chunk by chunk over the simulated network; fails on both sides when either dies or the way stays blocked. */
export async function streamSnapshot(
  network: Network,
  from: Endpoint,
  toName: string,
  snapshot: OutgoingSnapshot,
): Promise<void> {
  const to = network.endpoint(toName);
  await travel(network, from.name, toName, from.life);
  if (to === undefined || network.endpoint(toName) !== to) {
    throw new TanistError('unavailable', `nobody listens at ${toName}`);
  }
  // A sender that gave up ends its iterator; the receiver must not take that for the end of the snapshot.
  const sending = { givenUp: false };
  const chunks = relay(network, from, to, snapshot.chunks, sending);
  const taken = new Promise<void>((resolve, reject) => {
    to.life.enter(() => {
      const { point, term, header } = snapshot;
      to.handler.snapshot(nodeId(from.name), { point, term, header, chunks }).then(
        () => network.scheduler.after(network.delayMs(toName, from.name), () => from.life.enter(resolve)),
        (error: unknown) =>
          network.scheduler.after(network.delayMs(toName, from.name), () =>
            from.life.enter(() => reject(error)),
          ),
      );
    });
  });
  const lost = whenGone(network, to, from.life);
  try {
    await Promise.race([taken, lost]);
  } catch (error) {
    sending.givenUp = true;
    throw error;
  }
}

async function* relay(
  network: Network,
  from: Endpoint,
  to: Endpoint,
  chunks: AsyncIterable<Uint8Array>,
  sending: { readonly givenUp: boolean },
): AsyncIterable<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const lost = whenGone(network, from, to.life);
  for (;;) {
    const next = await Promise.race([iterator.next(), lost]);
    if (sending.givenUp) throw new TanistError('unavailable', `${from.name} gave the snapshot up`);
    if (next.done === true) return;
    await Promise.race([travel(network, from.name, to.name, to.life), lost]);
    yield next.value;
  }
}

/** Rejects inside `life` some time after the process at the other end went away. */
function whenGone(network: Network, other: Endpoint, life: Life): Promise<never> {
  const gone = new Promise<never>((_, reject) => {
    const look = (): void => {
      if (life.dead) return;
      if (other.life.dead || network.endpoint(other.name) !== other) {
        life.enter(() => reject(new TanistError('unavailable', `${other.name} went away`)));
      } else {
        network.scheduler.after(chunkTimeoutMs, look);
      }
    };
    network.scheduler.after(chunkTimeoutMs, look);
  });
  // Mostly nobody waits for it any more.
  gone.catch(() => {});
  return gone;
}

/** Resolves inside `life` when a message has made its way; waits for a partition to heal, but not for long. */
function travel(network: Network, from: string, to: string, life: Life): Promise<void> {
  const { scheduler } = network;
  const untilMs = scheduler.nowMs + chunkTimeoutMs;
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      if (!network.blocked(from, to)) life.enter(resolve);
      else if (scheduler.nowMs < untilMs) scheduler.after(20, attempt);
      else life.enter(() => reject(new TanistError('unavailable', `${to} cannot be reached`)));
    };
    scheduler.after(network.delayMs(from, to), attempt);
  });
}
