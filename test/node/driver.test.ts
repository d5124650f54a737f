import test from 'ava';
import { type ErrorCode, TanistError } from '../../src/foundation/errors.ts';
import { Driver, type DriverParts } from '../../src/node/driver.ts';

/** What a driver makes of a log that refuses to be read for a peer. */
async function readFails(
  code: ErrorCode,
): Promise<{ readonly handedBack: unknown[]; readonly failures: unknown[] }> {
  const handedBack: unknown[] = [];
  const failures: unknown[] = [];
  const read = { to: 'c', from: 1, until: 5, maxBytes: 100 };
  const none: readonly never[] = [];
  const rest = {
    soft: null,
    messages: none,
    persist: null,
    committed: none,
    reads: none,
    snapshots: none,
    lostPeers: none,
  };
  const readies: unknown[] = [{ ...rest, logReads: [read], install: null }];
  const parts = {
    raft: {
      ready: () => readies.pop() ?? null,
      logRead: (_: unknown, entries: unknown) => handedBack.push(entries),
    },
    log: { read: () => Promise.reject(new TanistError(code, 'the log')) },
    clock: { soon: setImmediate },
    proposals: { flush: () => false },
    reads: { flush: () => {} },
    failed: (error: unknown) => failures.push(error),
  };
  new Driver(parts as unknown as DriverParts).wake();
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  return { handedBack, failures };
}

test('damage found while the log is read for a peer stops the node; a log that was closed does not', async (t) => {
  const damaged = await readFails('data-damaged');
  t.like(damaged.failures[0], { code: 'data-damaged' });
  t.deepEqual(damaged.handedBack, []);
  t.deepEqual(await readFails('closed'), { handedBack: [null], failures: [] });
});
