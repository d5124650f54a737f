import test from 'ava';
import { type ErrorCode, TanistError } from '../../../src/foundation/errors.ts';
import { Driver, type DriverParts } from '../../../src/node/loop/driver.ts';

/** What a driver makes of a log that refuses to be read for a peer. */
async function readFails(
  code: ErrorCode,
): Promise<{ readonly handedBack: unknown[]; readonly failures: unknown[]; readonly damaged: unknown[] }> {
  const handedBack: unknown[] = [];
  const failures: unknown[] = [];
  const damaged: unknown[] = [];
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
      status: { role: 'follower', term: 1 },
      ready: () => readies.pop() ?? null,
      logRead: (_: unknown, entries: unknown) => handedBack.push(entries),
    },
    log: { read: () => Promise.reject(new TanistError(code, 'the log')) },
    clock: { soon: setImmediate },
    proposals: { flush: () => false },
    reads: { flush: () => {} },
    logDamaged: (_: unknown, through: number) => damaged.push(through),
    failed: (error: unknown) => failures.push(error),
  };
  new Driver(parts as unknown as DriverParts).wake();
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  return { handedBack, failures, damaged };
}

test('damage found while the log is read for a peer is told, and the peer gets an image; a log that was closed says nothing', async (t) => {
  t.deepEqual(await readFails('data-damaged'), { handedBack: [null], failures: [], damaged: [4] });
  t.deepEqual(await readFails('closed'), { handedBack: [null], failures: [], damaged: [] });
  const failed = await readFails('storage-failed');
  t.like(failed.failures[0], { code: 'storage-failed' });
  t.deepEqual(failed.handedBack, []);
});
