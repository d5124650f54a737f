import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../../foundation/errors.ts';
import { leaseText } from '../../../foundation/ids.ts';
import type { LeaseHistory } from '../../../verification/guarantees/lease-bounds.ts';
import { checkLeases } from '../checks/leases.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';

const callers = 8;
/** One life takes a few seconds, and most of that is waiting. */
const livesPerSecond = 3;
const ttlsMs = [1000, 1500, 2500];
/**
 * Never renewed, and so long that some are always in their last three quarters: one change of leader that gave them their time-to-live again would make them
 * late by more than a busy machine is forgiven (`checks/leases.ts`).
 */
const longTtlMs = 6000;
const longShare = 0.25;
const mostRenewals = 3;
/** An observer looks so often whether the key is still there. */
const lookEveryMs = 60;
/** Then the observer gives up, and the lease counts as still alive when it was last seen. */
const longestWatchMs = 15_000;

/** A mutable `LeaseHistory`. */
interface Life {
  readonly lease: string;
  readonly ttlMs: number;
  readonly renewals: { calledMs: number; returnedMs: number; ok: boolean }[];
  goneMs: number | null;
  lastAliveMs: number | null;
  readonly revoked: boolean;
}

/** Leases with a key each: granted, renewed a few times, left to expire. Never gone early, late only within a bound. */
export const leases: Part = {
  name: 'leases',
  share: 0.06,
  nativeOnly: false,
  async start(context) {
    const { nowMs, connections, meter } = context;
    const lives: Life[] = [];
    const stopping = new AbortController();
    const pace = startWorkers(callers, livesPerSecond, nowMs, async (worker) => {
      await live(context, connections.caller(worker), lives, stopping.signal);
    });
    return {
      stop: async () => {
        stopping.abort();
        await pace.stop();
      },
      check: async () => [
        checkLeases(lives satisfies readonly LeaseHistory[], meter.silences, context.target),
      ],
    };
  },
};

async function live(
  context: PartContext,
  client: Connection,
  lives: Life[],
  stopping: AbortSignal,
): Promise<void> {
  const { meter, nowMs, random, writes, prefix } = context;
  const calledMs = nowMs();
  const isLong = random.chance(longShare);
  const granted = await meter.write(() => client.grantLease(isLong ? longTtlMs : random.pick(ttlsMs)));
  if (granted.kind !== 'ok') return;
  const { id, ttlMs } = granted.answer;
  const name = leaseText(id);
  const key = `${prefix}${name}`;
  const renewals = [{ calledMs, returnedMs: nowMs(), ok: true }];
  const value = context.nextValue();
  const write = writes.began('leases', 'put', key, value);
  const put = await meter.write(
    () => client.put(key, value, { lease: id }),
    ({ revision }) => ({ kind: 'write', revision }),
  );
  if (put.kind === 'fail') writes.ended(write, { kind: 'absent' });
  if (put.kind !== 'ok') return;
  writes.ended(write, { kind: 'acknowledged', revision: put.answer.revision });
  const life: Life = { lease: name, ttlMs, renewals, goneMs: null, lastAliveMs: null, revoked: false };
  lives.push(life);
  const wait = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: stopping }).catch(() => undefined);
  let toRenew = isLong ? 0 : random.below(mostRenewals + 1);
  let renewAtMs = nowMs() + ttlMs / 3;
  const untilMs = nowMs() + longestWatchMs;
  while (life.goneMs === null && nowMs() < untilMs && !stopping.aborted) {
    await wait(lookEveryMs);
    if (toRenew > 0 && nowMs() >= renewAtMs) {
      toRenew--;
      renewAtMs = nowMs() + ttlMs / 3;
      await renew(context, client, life, id);
    }
    await look(context, client, life, key);
  }
}

async function renew(
  { meter, nowMs }: PartContext,
  client: Connection,
  life: Life,
  id: Parameters<Connection['keepLeaseAlive']>[0],
): Promise<void> {
  const renewal = { calledMs: nowMs(), returnedMs: Number.POSITIVE_INFINITY, ok: false };
  life.renewals.push(renewal);
  const outcome = await meter.write(() => client.keepLeaseAlive(id));
  if (outcome.kind === 'ok') {
    renewal.ok = true;
    renewal.returnedMs = nowMs();
  } else if (outcome.error instanceof TanistError && outcome.error.code === 'lease-not-found') {
    // It did nothing: the lease is gone.
    renewal.returnedMs = renewal.calledMs;
    life.goneMs ??= nowMs();
  }
}

async function look(
  { meter, nowMs }: PartContext,
  client: Connection,
  life: Life,
  key: string,
): Promise<void> {
  const askedMs = nowMs();
  const outcome = await meter.call(
    () => client.get(key),
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (outcome.kind !== 'ok') return;
  if (outcome.answer.count > 0) life.lastAliveMs = askedMs;
  else life.goneMs ??= nowMs();
}
