import test from 'ava';
import { keepLease } from '../../src/cli/commands/state/keep-lease.ts';
import { outputTo } from '../../src/cli/terminal/output.ts';
import { type ErrorCode, TanistError } from '../../src/foundation/errors.ts';
import { leaseId } from '../../src/foundation/ids.ts';
import { TestClock } from '../mirrors/test-clock.ts';

const ttlMs = 9000;

/** Renewals fail with `failing.code` where that is one. */
function world(first: ErrorCode | null = null) {
  const clock = new TestClock();
  const stop = new AbortController();
  const said: string[] = [];
  const failing: { code: ErrorCode | null } = { code: first };
  const client = {
    keepLeaseAlive: async () => {
      if (failing.code !== null) throw new TanistError(failing.code, 'no');
      return { ttlMs };
    },
  };
  const out = { ...outputTo(false), say: () => said.push('renewed'), warn: () => said.push('failed') };
  const kept = keepLease(
    { client, out, call: { deadlineMs: 1000 } },
    leaseId(7n),
    false,
    stop.signal,
    clock,
  ).then(
    () => 'stopped',
    (error: TanistError) => error.code,
  );
  return { clock, stop, said, failing, kept };
}

test('a lease is renewed thrice a time-to-live, and on through an outage that it survives', async (t) => {
  const { clock, stop, said, failing, kept } = world();
  await clock.advance(3000);
  t.deepEqual(said, ['renewed', 'renewed']);
  failing.code = 'unavailable';
  await clock.advance(6000);
  t.true(said.length > 3 && said.slice(2).every((word) => word === 'failed'));
  failing.code = null;
  await clock.advance(2900);
  t.is(said.at(-1), 'renewed');
  stop.abort();
  t.is(await kept, 'stopped');
});

for (const code of ['unavailable', 'lease-not-found'] as const)
  test(`${code}: it ends once the lease may have ended, and not before`, async (t) => {
    const { clock, said, failing, kept } = world();
    await clock.advance(0);
    failing.code = code;
    await clock.advance(code === 'unavailable' ? 9100 : 3000);
    t.is(await kept, code);
    t.is(said.includes('failed'), code === 'unavailable');
  });

test('a lease that could not be renewed once is not tried again', async (t) => {
  const { kept, said } = world('unavailable');
  t.is(await kept, 'unavailable');
  t.deepEqual(said, []);
});
