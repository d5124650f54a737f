import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExecutionContext, TestFn } from 'ava';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import type { Disk } from '../../src/ports/database.ts';
import type { EntryKind, HardState, LogEntry, LogPoint, LogStore } from '../../src/ports/log-store.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import type { DiskUnderTest } from './database-conformance.ts';

export type OpenLogForTest = (disk: Disk) => Promise<LogStore>;

export const point = (index: number, inTerm: number): LogPoint => ({
  index: logIndex(index),
  term: term(inTerm),
});
export const hard = (inTerm: number, vote: string | null): HardState => ({
  term: term(inTerm),
  vote: vote === null ? null : nodeId(vote),
});

export function entry(
  index: number,
  inTerm: number,
  text = `${inTerm}:${index}`,
  kind: EntryKind = 'commands',
): LogEntry {
  return { term: term(inTerm), index: logIndex(index), kind, payload: Buffer.from(text) };
}

export function entries(from: number, to: number, inTerm: number): LogEntry[] {
  const made: LogEntry[] = [];
  for (let i = from; i <= to; i++) made.push(entry(i, inTerm));
  return made;
}

export const texts = (found: readonly LogEntry[]): string[] =>
  found.map((e) => `${e.index}/${e.term}/${e.kind}/${Buffer.from(e.payload)}`);

async function readAll(log: LogStore, from: number, to: number): Promise<string[]> {
  return texts(await log.read(logIndex(from), logIndex(to + 1), 1e9));
}

/** What every `LogStore` must do. */
export function logStoreConformance(
  test: TestFn,
  name: string,
  make: () => Promise<DiskUnderTest>,
  open: OpenLogForTest,
): void {
  const withDisk = (title: string, act: (t: ExecutionContext, disk: Disk) => Promise<void>): void =>
    test(`${name}: ${title}`, async (t) => {
      const under = await make();
      try {
        await act(t, under.disk);
      } finally {
        await under.close();
      }
    });

  withDisk(
    'a log made anew has all that lay behind the point; scrubs under way meanwhile find nothing',
    async (t, disk) => {
      const log = await open(disk);
      for (let i = 0; i < 60; i++) await log.append({ entries: entries(1 + i * 4, 4 + i * 4, 1) });
      let scrubs = 0;
      let isRenewed = false;
      const renewing = log.renew(point(100, 1)).then(() => {
        isRenewed = true;
      });
      for (; !isRenewed; scrubs++) {
        const { fault } = await log.scrub(logIndex(1), logIndex(240), 1e6);
        t.is(fault, null);
        await nextTurn();
      }
      await renewing;
      t.true(scrubs > 0);
      t.is(log.compactedIndex, logIndex(100));
      t.deepEqual(await readAll(log, 101, 240), texts(entries(101, 240, 1)));
      await log.append({ entries: entries(241, 242, 2) });
      await log.close();
      const again = await open(disk);
      t.deepEqual(again.image.last, point(242, 2));
      t.deepEqual(await readAll(again, 101, 242), texts([...entries(101, 240, 1), ...entries(241, 242, 2)]));
      await again.close();
    },
  );

  withDisk('a new log is empty, and every start raises the boot counter (promise 6)', async (t, disk) => {
    const first = await open(disk);
    t.deepEqual(first.image.last, point(0, 0));
    t.deepEqual(first.image.hardState, hard(0, null));
    t.is(first.identity.bootCounter, 1);
    await first.close();
    const second = await open(disk);
    t.is(second.identity.bootCounter, 2);
    t.is(second.identity.storeId, first.identity.storeId);
    await second.close();
  });

  withDisk('entries, hard state and peers are there again (Raft §5.2)', async (t, disk) => {
    const log = await open(disk);
    await log.append({
      hardState: hard(1, 'n1'),
      entries: [entry(1, 1, '', 'noop'), entry(2, 1, 'conf', 'configuration')],
    });
    await log.append({ entries: entries(3, 5, 1) });
    await log.append({ hardState: hard(2, null), entries: [] });
    await log.rememberPeer(nodeId('n2'), {
      storeId: 's2',
      bootCounter: 7,
      incarnation: 'i2',
      last: beforeAll,
      doubted: false,
    });
    await log.rememberPeer(nodeId('n2'), {
      storeId: 's2',
      bootCounter: 8,
      incarnation: 'i2',
      last: beforeAll,
      doubted: false,
    });
    await log.close();
    const again = await open(disk);
    t.deepEqual(texts(again.image.tail), ['1/1/noop/', '2/1/configuration/conf', ...texts(entries(3, 5, 1))]);
    t.deepEqual(again.image.hardState, hard(2, null));
    t.deepEqual(again.image.last, point(5, 1));
    t.deepEqual(
      [...again.image.peers],
      [[nodeId('n2'), { storeId: 's2', bootCounter: 8, incarnation: 'i2', last: beforeAll, doubted: false }]],
    );
    await again.close();
  });

  withDisk('a conflicting suffix goes, inside a block and at its edge (Raft §5.3)', async (t, disk) => {
    const log = await open(disk);
    await log.append({ entries: entries(1, 4, 1) });
    await log.append({ entries: entries(5, 8, 1) });
    await log.append({ entries: entries(9, 12, 1) });
    await log.append({ entries: entries(7, 8, 2) });
    t.deepEqual(await readAll(log, 1, 99), texts([...entries(1, 6, 1), ...entries(7, 8, 2)]));
    await log.append({ entries: entries(5, 5, 3) });
    await log.append({ entries: entries(6, 9, 3) });
    const expected = texts([...entries(1, 4, 1), ...entries(5, 9, 3)]);
    t.deepEqual(await readAll(log, 1, 99), expected);
    await log.close();
    const again = await open(disk);
    t.deepEqual(texts(again.image.tail), expected);
    await again.append({ entries: entries(1, 1, 4) });
    t.deepEqual(await readAll(again, 1, 99), texts(entries(1, 1, 4)));
    await again.close();
    const third = await open(disk);
    t.deepEqual(texts(third.image.tail), texts(entries(1, 1, 4)));
    await third.close();
  });

  withDisk('appends of one moment go together, conflicts among them included', async (t, disk) => {
    const log = await open(disk);
    await Promise.all([
      log.append({ entries: entries(1, 3, 1) }),
      log.append({ hardState: hard(1, 'n1'), entries: entries(4, 9, 1) }),
      log.append({ entries: entries(6, 7, 2) }),
      log.append({ hardState: hard(3, 'n2'), entries: entries(2, 2, 3) }),
      log.append({ entries: entries(3, 4, 3) }),
    ]);
    const expected = texts([...entries(1, 1, 1), ...entries(2, 4, 3)]);
    t.deepEqual(await readAll(log, 1, 99), expected);
    await log.close();
    const again = await open(disk);
    t.deepEqual(texts(again.image.tail), expected);
    t.deepEqual(again.image.hardState, hard(3, 'n2'));
    await again.close();
  });

  withDisk('read is bounded by bytes and gives at least one', async (t, disk) => {
    const log = await open(disk);
    await log.append({
      entries: [entry(1, 1, 'x'.repeat(1000)), entry(2, 1, 'y'.repeat(1000)), entry(3, 1, 'z')],
    });
    t.is((await log.read(logIndex(1), logIndex(4), 1)).length, 1);
    t.is((await log.read(logIndex(1), logIndex(4), 2030)).length, 2);
    t.is((await log.read(logIndex(2), logIndex(3), 1e6)).length, 1);
    t.is((await log.read(logIndex(9), logIndex(10), 1e6)).length, 0);
    await log.close();
  });

  withDisk('compaction: what follows is contiguous, its own block included', async (t, disk) => {
    const log = await open(disk);
    await log.append({ entries: entries(1, 4, 1) });
    await log.append({ entries: entries(5, 8, 1) });
    const before = log.sizeBytes();
    await log.compact(point(6, 1));
    t.true(log.sizeBytes() < before);
    t.deepEqual(await readAll(log, 3, 99), []);
    t.deepEqual(await readAll(log, 7, 99), texts(entries(7, 8, 1)));
    await log.close();
    const again = await open(disk);
    t.deepEqual(again.image.compacted, point(6, 1));
    t.deepEqual(texts(again.image.tail), texts(entries(7, 8, 1)));
    await again.compact(point(8, 1));
    t.is(again.sizeBytes(), 0);
    await again.close();
    const third = await open(disk);
    t.deepEqual(third.image.last, point(8, 1));
    t.deepEqual(third.image.tail, []);
    await third.append({ entries: entries(9, 9, 2) });
    await third.close();
    const fourth = await open(disk);
    t.deepEqual(texts(fourth.image.tail), texts(entries(9, 9, 2)));
    await fourth.close();
  });

  withDisk('after a reset the log begins behind the point', async (t, disk) => {
    const log = await open(disk);
    await log.append({ hardState: hard(1, 'n1'), entries: entries(1, 4, 1) });
    await log.reset(point(100, 5), hard(6, 'n3'));
    t.is(log.sizeBytes(), 0);
    await log.append({ entries: entries(101, 102, 6) });
    await log.close();
    const again = await open(disk);
    t.deepEqual(again.image.compacted, point(100, 5));
    t.deepEqual(again.image.last, point(102, 6));
    t.deepEqual(again.image.hardState, hard(6, 'n3'));
    await again.close();
  });
}
