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

test('in a hurry messages leave at once, and what is to be applied waits for the end of the turn, once for all inputs', async (t) => {
  const none: readonly never[] = [];
  const entry = { index: 1, term: 1, kind: 'no-op', payload: new Uint8Array() };
  const ready = (message: unknown, committed: readonly unknown[]) => ({
    soft: null,
    messages: [message],
    persist: null,
    committed,
    reads: none,
    snapshots: none,
    lostPeers: none,
    logReads: none,
    install: null,
  });
  const readies: unknown[] = [ready({ to: 'b' }, [entry])];
  const sent: unknown[] = [];
  let applies = 0;
  const parts = {
    raft: { status: { role: 'follower', term: 1 }, ready: () => readies.shift() ?? null },
    clock: { soon: setImmediate },
    transport: { send: (to: unknown) => sent.push(to), flush: () => {} },
    proposals: { flush: () => false },
    reads: { flush: () => {}, applied: () => {} },
    // A backlog: each call takes its share of a turn, and does not come to the end of the first entry.
    apply: () => {
      applies += 1;
      return 0;
    },
    failed: (error: unknown) => t.fail(String(error)),
  };
  const driver = new Driver(parts as unknown as DriverParts);
  driver.hurry();
  t.deepEqual(sent, ['b']);
  for (let i = 0; i < 10; i++) {
    readies.push(ready({ to: 'c' }, []));
    driver.hurry();
  }
  t.is(sent.length, 11);
  t.is(applies, 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(applies, 1);
  driver.stop();
});

test('a follower hands its disk what the quorum waits for before it applies, and applies however much arrives', async (t) => {
  const none: readonly never[] = [];
  const entry = (index: number) => ({ index, term: 1, kind: 'no-op', payload: new Uint8Array() });
  const append = (index: number) => ({
    soft: null,
    messages: none,
    persist: { token: index, hardState: null, entries: [entry(index)], messages: none },
    committed: [entry(index - 1)],
    reads: none,
    snapshots: none,
    lostPeers: none,
    logReads: none,
    install: null,
  });
  const readies: unknown[] = [];
  const happened: string[] = [];
  const parts = {
    raft: {
      status: { role: 'follower', term: 1 },
      ready: () => readies.shift() ?? null,
      applied: () => {},
    },
    // Begins, as the log store does, when the turn is over.
    log: {
      append: async ({ entries }: { entries: readonly { index: number }[] }) => {
        await null;
        happened.push(`disk ${entries[0]?.index}`);
        await new Promise(() => {});
      },
    },
    clock: { soon: setImmediate, nowMs: () => 0 },
    proposals: { flush: () => false },
    reads: { flush: () => {}, applied: () => {} },
    blockAppended: () => {},
    apply: (entries: readonly { index: number }[]) => {
      for (const { index } of entries) happened.push(`apply ${index}`);
      return entries.length;
    },
    failed: (error: unknown) => t.fail(String(error)),
  };
  const driver = new Driver(parts as unknown as DriverParts);
  for (let index = 2; index < 12; index++) {
    readies.push(append(index));
    driver.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  driver.stop();
  t.is(happened.length, 20);
  for (let index = 2; index < 12; index++) {
    const applied = happened.indexOf(`apply ${index - 1}`);
    t.true(happened.indexOf(`disk ${index}`) < applied, happened.join(', '));
    // Not more than two turns later.
    t.true(applied <= happened.indexOf(`disk ${index}`) + 4, happened.join(', '));
  }
});
