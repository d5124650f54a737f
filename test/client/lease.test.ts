import test from 'ava';
import { keptLease, type Lease } from '../../src/client/lease.ts';
import { LeaseKeeper } from '../../src/client/lease-keeper.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { type LeaseId, leaseId } from '../../src/foundation/ids.ts';
import type { CallOptions, StateClient } from '../../src/ports/state-client.ts';
import { TestClock } from '../mirrors/test-clock.ts';

const ttlMs = 5000;

interface World {
  readonly clock: TestClock;
  readonly client: StateClient;
  readonly closing: AbortController;
  /** How long renewals and the grant are on their way, each way; `Infinity`: nothing answers. */
  travelMs: number;
  /** When each was sent, and until when it was wanted. */
  readonly renewals: { readonly atMs: number; readonly untilMs: number }[];
  /** Until when the cluster has the lease: it counts from when it applied. */
  endMs: number;
  /** When the last renewal that was answered was sent. */
  renewedMs: number;
  revokes: number;
  refusal: TanistError | null;
}

function world(): World {
  const clock = new TestClock();
  const travel = async (deadlineMs: number): Promise<void> => {
    const tookMs = Math.min(state.travelMs, deadlineMs);
    const isLate = state.travelMs > deadlineMs;
    await new Promise<void>((resolve) => clock.after(tookMs, resolve));
    if (isLate) throw new TanistError('deadline-exceeded', 'black hole');
  };
  const applied = (): void => {
    state.endMs = clock.nowMs() + ttlMs;
  };
  const client = {
    grantLease: async () => {
      await travel(10_000);
      applied();
      await travel(10_000);
      return { id: leaseId(7n), ttlMs };
    },
    keepLeaseAlive: async (_id: LeaseId, options?: CallOptions) => {
      const deadlineMs = options?.deadlineMs ?? 10_000;
      const atMs = clock.nowMs();
      state.renewals.push({ atMs, untilMs: atMs + deadlineMs });
      await travel(deadlineMs);
      if (state.refusal !== null) throw state.refusal;
      applied();
      await travel(deadlineMs);
      state.renewedMs = atMs;
      return { ttlMs };
    },
    revokeLease: async () => {
      state.revokes++;
      if (state.refusal !== null) throw state.refusal;
      if (state.endMs <= clock.nowMs()) throw new TanistError('lease-not-found', 'gone');
      state.endMs = 0;
    },
  } as Partial<StateClient> as StateClient;
  const closing = new AbortController();
  const state: World = {
    clock,
    client,
    closing,
    travelMs: 0,
    renewals: [],
    endMs: 0,
    renewedMs: 0,
    revokes: 0,
    refusal: null,
  };
  return state;
}

/** Once it is granted. */
async function kept(state: World): Promise<Lease> {
  const asked = keptLease(state.client, ttlMs, undefined, state.closing.signal, state.clock);
  await state.clock.advance(2 * state.travelMs);
  return asked;
}

for (const travelMs of [0, 100, 800])
  test(`a kept lease that nothing answers for is lost before the cluster ends it: ${travelMs} ms each way`, async (t) => {
    const state = world();
    const { clock } = state;
    state.travelMs = travelMs;
    const lease = await kept(state);
    await clock.advance(4 * ttlMs);
    t.false(lease.lost.aborted);
    let lostAtMs = 0;
    lease.lost.addEventListener('abort', () => {
      lostAtMs = clock.nowMs();
    });
    state.travelMs = Number.POSITIVE_INFINITY;
    await clock.advance(4 * ttlMs);
    t.true(lostAtMs > 0 && lostAtMs <= state.endMs, `${lostAtMs}, cluster ${state.endMs}`);
    t.is(Math.round(lostAtMs), Math.round(state.renewedMs + ttlMs), 'and not before its time');
    t.like(lease.lost.reason, { code: 'deadline-exceeded' });
    const last = state.renewals.at(-1)!;
    t.true(last.untilMs <= lostAtMs + 1, 'no renewal is under way beyond that');
    t.true(last.atMs < lostAtMs);
  });

test('a kept lease whose grant took its time-to-live is lost at once; a slow one is renewed at once', async (t) => {
  for (const [travelMs, lost] of [
    [3000, true],
    [2000, false],
  ] as const) {
    const state = world();
    state.travelMs = travelMs;
    const lease = await kept(state);
    t.is(lease.lost.aborted, lost);
    state.travelMs = 0;
    await state.clock.advance(1);
    t.is(state.renewals.length, lost ? 0 : 1);
    state.closing.abort();
  }
});

test('a refused renewal is repeated; a lease that is gone is lost at once; closing ends it without a word', async (t) => {
  const state = world();
  const lease = await kept(state);
  state.refusal = new TanistError('overloaded', 'busy');
  await state.clock.advance(2000);
  state.refusal = null;
  await state.clock.advance(ttlMs);
  t.false(lease.lost.aborted);
  state.refusal = new TanistError('lease-not-found', 'gone');
  await state.clock.advance(ttlMs / 3);
  t.is(lease.lost.reason, state.refusal);
  const other = world();
  const silent = await kept(other);
  other.closing.abort();
  await other.clock.advance(3 * ttlMs);
  t.false(silent.lost.aborted);
  t.is(other.renewals.length, 0);
});

test('the end of a scope revokes a lease that is there, once, and hides no error', async (t) => {
  const state = world();
  const within = async (body: (lease: Lease) => Promise<void>): Promise<void> => {
    await using lease = await kept(state);
    await body(lease);
  };
  const own = new Error('of the body');
  await within(() => Promise.resolve());
  t.is(state.revokes, 1);
  await within(async (lease) => {
    await Promise.all([lease.revoke(), lease.revoke()]);
    await lease.revoke();
  });
  t.is(state.revokes, 2);
  const lost = within(async () => {
    state.travelMs = Number.POSITIVE_INFINITY;
    await state.clock.advance(2 * ttlMs);
    throw own;
  });
  t.is(await t.throwsAsync(lost), own);
  t.is(state.revokes, 2, 'nobody would answer');
  state.travelMs = 0;
  const gone = within(async (lease) => {
    await state.clock.advance(1);
    state.endMs = 0;
    await t.throwsAsync(lease.revoke(), { code: 'lease-not-found' });
    throw own;
  });
  t.is(await t.throwsAsync(gone), own);
  for (const code of ['closed', 'lease-not-found'] as const) {
    state.refusal = new TanistError(code, '');
    t.is(await t.throwsAsync(within(() => Promise.reject(own))), own);
  }
  state.refusal = new TanistError('unavailable', 'not now');
  await t.throwsAsync(
    within(() => Promise.resolve()),
    { code: 'unavailable' },
  );
});

test('a revocation that failed is tried again', async (t) => {
  const state = world();
  const lease = await kept(state);
  state.refusal = new TanistError('overloaded', 'busy');
  await t.throwsAsync(lease.revoke(), { code: 'overloaded' });
  state.refusal = null;
  await lease[Symbol.asyncDispose]();
  t.is(state.revokes, 2);
  t.is(state.endMs, 0);
});

test('a time-to-live beyond what a timer takes', async (t) => {
  const state = world();
  const yearMs = 365 * 24 * 3600 * 1000;
  const client = { ...state.client, grantLease: async () => ({ id: leaseId(7n), ttlMs: yearMs }) };
  const delays: number[] = [];
  const clock = {
    nowMs: () => state.clock.nowMs(),
    wallMs: () => state.clock.wallMs(),
    soon: (act: () => void) => state.clock.soon(act),
    after: (delayMs: number, act: () => void) => {
      delays.push(delayMs);
      return state.clock.after(delayMs, act);
    },
  };
  const lease = await keptLease(client, yearMs, undefined, state.closing.signal, clock);
  state.travelMs = Number.POSITIVE_INFINITY;
  await state.clock.advance(yearMs - 1);
  t.false(lease.lost.aborted);
  await state.clock.advance(1);
  t.true(lease.lost.aborted);
  t.true(delays.every((delayMs) => delayMs < 2 ** 31));
});

test('renewals of one turn with the same deadline are one call', async (t) => {
  const calls: { readonly ids: number; readonly deadlineMs: number | undefined }[] = [];
  const keeper = new LeaseKeeper((ids, options) => {
    calls.push({ ids: ids.length, deadlineMs: options?.deadlineMs });
    return Promise.resolve(ids.map(() => ttlMs));
  });
  const ids = [1n, 2n, 3n].map((id) => leaseId(id));
  await Promise.all(
    ids.flatMap((id) => [
      keeper.keepAlive(id, { deadlineMs: 3334 }),
      keeper.keepAlive(id, undefined),
      keeper.keepAlive(id, { deadlineMs: 500 }),
    ]),
  );
  t.deepEqual(calls, [
    { ids: 3, deadlineMs: 3334 },
    { ids: 3, deadlineMs: undefined },
    { ids: 3, deadlineMs: 500 },
  ]);
});
