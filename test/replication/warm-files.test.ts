import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ByteString } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, leaseId, logIndex, revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { KeyValue } from '../../src/ports/delta.ts';
import type { KeyRange, Mark } from '../../src/ports/replication.ts';
import { WarmReads } from '../../src/replication/warm/warm-reads.ts';
import { WarmState } from '../../src/replication/warm/warm-state.ts';
import { WarmStore } from '../../src/replication/warm/warm-store.ts';
import { WarmWatches } from '../../src/replication/warm/warm-watches.ts';
import { type LevelDisk, openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ranges: readonly KeyRange[] = ['a', 'b'].map((key) => ({
  space: 'user',
  key: `${key}/` as ByteString,
  rangeEnd: `${key}0` as ByteString,
}));

function valueAt(key: string, at: number): KeyValue {
  return {
    key: key as ByteString,
    value: `${key} at ${at} `.repeat(20) as ByteString,
    createRevision: revision(2),
    modRevision: revision(at),
    version: at,
    lease: leaseId(0n),
  };
}

function markAt(at: number): Mark {
  const revisions = { user: revision(at), planes: revision(1), system: revision(1), predicted: revision(1) };
  return {
    index: logIndex(at),
    timeMs: clusterTimeMs(1000 + at),
    revisions,
    compacted: revisions,
    leaderRevisions: revisions,
    digests: [],
  };
}

async function opened(disk: LevelDisk): Promise<{ readonly store: WarmStore; readonly state: WarmState }> {
  const { store, content } = await WarmStore.open(disk, turn);
  const reads = new WarmReads({ requestLimits: defaultRequestLimits, turn });
  const write = (rows: Parameters<WarmStore['write']>[0]): Promise<void> => store.write(rows);
  return { store, state: new WarmState({ store, reads, watches: new WarmWatches(), turn, write }, content) };
}

/** Many marks of two ranges, so that LevelDB has tables beside its newest file. */
async function fill(disk: LevelDisk): Promise<void> {
  const { store, state } = await opened(disk);
  await state.take({ kind: 'ranges', lineage: { clusterId: 'c', epoch: 1 }, ranges });
  for (const range of ranges) {
    await state.take({ kind: 'replace', range });
    const values = Array.from({ length: 300 }, (_, i) => valueAt(`${range.key}${i}`, 2));
    await state.take({ kind: 'values', space: 'user', values });
  }
  await state.mark(markAt(2));
  for (let at = 3; at < 40; at++) {
    await state.take({
      kind: 'deltas',
      deltas: Array.from({ length: 30 }, (_, i) => {
        const { modRevision, ...value } = valueAt(`${'ab'[at % 2]}/${(i * 7 + at) % 300}`, at);
        return {
          ...value,
          epoch: 1,
          revision: modRevision,
          sub: i,
          timeMs: clusterTimeMs(at),
          space: 'user',
          op: 'put',
        };
      }),
    });
    await state.mark(markAt(at));
  }
  await store.close();
}

/** What a range is after each mark, as text. */
function expected(range: KeyRange): ReadonlyMap<number, string> {
  const values = new Map(Array.from({ length: 300 }, (_, i) => [`${range.key}${i}`, 2]));
  const after = new Map<number, string>();
  const show = (at: number): void =>
    void after.set(
      at,
      [...values]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, version]) => `${key} ${version}`)
        .join(),
    );
  show(2);
  for (let at = 3; at < 40; at++) {
    for (let i = 0; i < 30; i++) {
      const key = `${'ab'[at % 2]}/${(i * 7 + at) % 300}`;
      if (values.has(key)) values.set(key, at);
    }
    show(at);
  }
  return after;
}

test('bits flipped in any file of a stopped replica: what is held then is right, or not held', async (t) => {
  t.timeout(120_000);
  const random = seededRandom(5);
  const right = ranges.map(expected);
  let lost = 0;
  for (let round = 0; round < 40; round++) {
    const folder = await temporaryFolder(t);
    const disk = await openLevelDisk(folder, {
      databases: { warm: { writeBufferBytes: 65_536, maxFileBytes: 65_536 } },
    });
    await fill(disk);
    const files = (await readdir(join(folder, 'warm'))).filter((name) => name !== 'LOCK' && name !== 'LOG');
    const file = join(folder, 'warm', files[round % files.length] ?? '');
    const bytes = await readFile(file);
    if (bytes.length === 0) continue;
    for (let flips = 0; flips < 3; flips++) {
      const at = random.below(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << random.below(8));
    }
    await writeFile(file, bytes);
    const { store, content, damage } = await WarmStore.open(disk, turn);
    if (content.ranges.length < 2 || damage.length > 0) lost += 1;
    for (const held of content.ranges) {
      const which = ranges.findIndex(({ key }) => key === held.range.key);
      const seen = held
        .keys('\0' as ByteString, null, 0)
        .map((key) => `${key} ${held.get(key)?.version}`)
        .join();
      t.is(seen, right[which]?.get(content.meta?.revisions.user ?? 0) ?? '', `${file} is damaged`);
    }
    await store.write([]);
    await store.close();
    await disk.close();
  }
  t.true(lost > 5, `${lost}`);
});

test('a table that is damaged while the replica runs goes with its database', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder, {
    databases: { warm: { writeBufferBytes: 65_536, maxFileBytes: 65_536 } },
  });
  await fill(disk);
  const { store, state } = await opened(disk);
  const inspect = (): Promise<string | null> => store.inspect(turn);
  t.is(await inspect(), null);
  const [table = ''] = (await readdir(join(folder, 'warm'))).filter((name) => name.endsWith('.ldb'));
  const bytes = await readFile(join(folder, 'warm', table));
  bytes[500] = bytes[500]! ^ 4;
  await writeFile(join(folder, 'warm', table), bytes);
  t.regex((await inspect()) ?? '', /checksum/);
  // What is there now is of the damaged one, and stays beside it.
  await Promise.all([store.tidy(), state.discardDatabase('damaged')]);
  t.is(await inspect(), null);
  t.true((await readdir(join(folder, 'warm.evidence'))).includes(table));
  await store.close();
  await fill(disk);
  const { content, damage } = await WarmStore.open(disk, turn);
  t.deepEqual(damage, []);
  t.is(content.ranges.length, 2);
  await disk.close();
});
