import test from 'ava';
import { AbsentKeys } from '../../src/cli/promotion/absent-keys.ts';
import { nodeId, revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Fork } from '../../src/ports/lineage.ts';
import type { ForkEntry, ForkHead } from '../../src/replication/fork/fork-entry.ts';
import { readFork } from '../../src/replication/fork/fork-file.ts';
import { forkOfHeld, headOfHeld } from '../../src/replication/fork/fork-of-held.ts';
import { fenceHot } from '../../src/replication/promotion/fence-hot.ts';
import { readRole } from '../../src/replication/promotion/role.ts';
import { becomeHot, prefetch } from '../../src/replication/promotion/transitions.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { b, compact, del, put } from '../state/commands.ts';
import { Crash } from '../storage/memory-disk.ts';
import { inOne, MemoryFolder } from './memory-folder.ts';
import { critical, heldOf, old, type Recorded, someState, storeOf } from './states.ts';

const turn = async (): Promise<void> => {};

function forkAt(state: StateMachine): Fork {
  const { held, mark } = heldOf(state);
  return {
    from: old,
    to: { clusterId: 'c+12345678', epoch: 2 },
    revisions: held.revisions,
    ranges: critical,
    promoted: nodeId('w1'),
    timeMs: mark.timeMs,
  };
}

interface Read {
  readonly head: ForkHead;
  readonly entries: readonly ForkEntry[];
}

async function readBack(folder: MemoryFolder): Promise<Read> {
  const entries: ForkEntry[] = [];
  let head: ForkHead | null = null;
  for await (const part of readFork(inOne(folder.files.get('fork-2.tanistfork')!))) {
    if (part.kind === 'head') head = part.head;
    else if (part.kind === 'entries') entries.push(...part.entries);
  }
  return { head: head!, entries };
}

/** An old leader that went on after the fork: changes that were applied, then some that only its log has. */
async function oldLeader(folder: MemoryFolder): Promise<{ fork: Fork; log: Recorded }> {
  const log = someState();
  const fork = forkAt(log.state);
  log.apply(put('a/1', 'after the fork'), del('a/2'));
  log.apply(put('b/new', 'after the fork, not critical'));
  await storeOf(folder.disk, 'h1', log, log.state);
  // Never applied, perhaps committed.
  const more = log.entries.length;
  log.apply(put('a/9', 'in the log only'));
  const store = await openLog(folder.disk, {
    clusterId: 'c',
    nodeId: nodeId('h1'),
    newStoreId: 'x',
    incarnation: 'j',
    folder: 'f',
  });
  await store.append({ entries: log.entries.slice(more) });
  await store.close();
  return { fork, log };
}

async function fenced(folder: MemoryFolder, fork: Fork): Promise<readonly string[]> {
  const told: string[] = [];
  const { disk } = folder;
  const options = { disk, folder: 'f', clusterId: 'c', self: nodeId('h1'), fork, limits, yieldTurn: turn };
  const tell = (event: string, { database }: Record<string, unknown> = {}): void => {
    told.push(`${event} ${database}`);
  };
  await fenceHot(folder, 'warm', options, { info: tell, warn: tell, error: tell });
  return told;
}

test('a returning old leader saves all that it had beyond the fork, and is warm of the new lineage', async (t) => {
  const folder = new MemoryFolder();
  const { fork } = await oldLeader(folder);
  await fenced(folder, fork);
  const { head, entries } = await readBack(folder);
  t.is(head.member, 'h1');
  const of = (why: string, committed: boolean) =>
    entries
      .filter((entry) => entry.why === why && entry.committed === committed)
      .map(({ op, key }) => `${op} ${key}`);
  t.deepEqual(of('beyond', true), ['put a/1', 'delete a/2', 'put b/new']);
  t.deepEqual(of('beyond', false), ['put a/9']);
  t.deepEqual(of('not-held', true), ['put b/0', 'put b/1', 'put b/2', 'put b/3', 'put b/4']);
  const value = entries.find(({ key, why }) => key === 'a/1' && why === 'beyond');
  t.is(value?.value, b('after the fork'));
  t.is(value?.revision, fork.revisions.user + 1);
  t.deepEqual(await readRole(folder), { tier: 'warm', lineage: fork.to });
});

test('what compaction forgot beyond the fork: the file says from where on it is complete, and names what was not changed', async (t) => {
  const folder = new MemoryFolder();
  const log = someState();
  const fork = forkAt(log.state);
  log.apply(del('a/2'), put('a/1', 'once'), put('a/1', 'twice'));
  const compacted = log.state.revision('user');
  log.apply(compact(compacted), put('a/4', 'later'));
  // From an image a node has the latest values and what came after the compaction.
  await storeOf(folder.disk, 'h1', log, log.state);
  await fenced(folder, fork);
  const { head, entries } = await readBack(folder);
  t.is(head.completeFrom.user, revision(compacted + 1));
  t.is(head.completeFrom.system, revision(fork.revisions.system + 1));
  const of = (why: string) =>
    entries
      .filter((entry) => entry.why === why && entry.space === 'user')
      .map(({ key, value }) => `${key}=${value}`);
  t.deepEqual(of('unchanged'), ['a/0=']);
  t.true(of('beyond').includes('a/1=twice'));
  // What the new lineage has: a/0, a/1, a/2 and a/4 as of the fork, one more since.
  const absent = new AbsentKeys(head);
  for (const entry of entries) if (!(entry.op === 'delete' && entry.key === 'a/2')) absent.entry(entry);
  const at = (key: string, modRevision: number) => ({ key: Buffer.from(key), modRevision }) as never;
  const pages = [
    { values: [at('a/0', 5), at('a/1', 6), at('a/2', 7)], more: true },
    { values: [at('a/4', 8), at('a/7', fork.revisions.user + 10), at('b/9', 9)], more: false },
  ];
  const found: string[] = [];
  for await (const { key } of absent.of('user', async () => pages.shift()!)) found.push(key.toString());
  t.deepEqual(found, ['a/2']);
});

test('an old leader whose state was lost is fenced all the same: the file says so, and what is left is kept', async (t) => {
  const folder = new MemoryFolder();
  const { fork, log } = await oldLeader(folder);
  const store = await openLog(folder.disk, {
    clusterId: 'c',
    nodeId: nodeId('h1'),
    newStoreId: 'x',
    incarnation: 'k',
    folder: 'f',
  });
  const { index, term } = log.entries[3]!;
  await store.compact({ index, term });
  await store.close();
  // As when a start has set a damaged one aside, and nobody was there to make it anew from.
  await folder.disk.remove('state');
  await (await openImage(folder.disk, { clusterId: 'c', folder: 'f' })).close();
  t.deepEqual(await fenced(folder, fork), ['set-aside log', 'set-aside state']);
  const { head, entries } = await readBack(folder);
  t.regex(head.damage ?? '', /the log begins after entry 4/);
  t.deepEqual(head.revisions, fork.revisions);
  t.deepEqual(entries, []);
  t.deepEqual(await readRole(folder), { tier: 'warm', lineage: fork.to });
  t.true(await folder.disk.exists('log.evidence-1'));
  t.false(await folder.disk.exists('log'));
});

test('a warm replica keeps no history: its file is complete from its last mark on', async (t) => {
  const log = someState();
  const fork = forkAt(log.state);
  log.apply(del('a/2'), put('a/1', 'later'));
  const content = heldOf(log.state);
  t.is(headOfHeld(content, fork).completeFrom.user, revision(log.state.revision('user') + 1));
  const entries: ForkEntry[] = [];
  for await (const batch of forkOfHeld(content, fork)) entries.push(...batch);
  const unchanged = entries.filter(({ why, space }) => why === 'unchanged' && space === 'user');
  t.deepEqual(unchanged.map(({ key }) => key).sort(), [b('a/0'), b('a/4')]);
});

test('a crash at any operation of fencing: the role is given up only when the file is whole', async (t) => {
  const whole = new MemoryFolder();
  const { fork } = await oldLeader(whole);
  const prepared = whole.copy();
  await fenced(whole, fork);
  const expected = whole.files.get('fork-2.tanistfork');
  let done = false;
  for (let at = 1; !done; at++)
    for (const takesEffect of [false, true]) {
      const folder = prepared.copy();
      folder.disk.crashAt = at;
      folder.disk.takesEffect = takesEffect;
      try {
        await fenced(folder, fork);
        done = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      const next = folder.crashed(at);
      if ((await readRole(next)) === null) await fenced(next, fork);
      t.deepEqual(next.files.get('fork-2.tanistfork'), expected);
    }
});

test('a warm replica of the old lineage saves later values, and those that the promoted one did not hold', async (t) => {
  const log = someState();
  const fork = forkAt(log.state);
  log.apply(put('a/1', 'later'));
  const entries: ForkEntry[] = [];
  const ranges = [{ space: 'user' as const, key: b('\0'), rangeEnd: b('\0') }];
  for await (const batch of forkOfHeld(heldOf(log.state, ranges), fork)) entries.push(...batch);
  t.deepEqual(
    entries.filter(({ why }) => why === 'beyond').map(({ key, value }) => `${key} ${value}`),
    ['a/1 later'],
  );
  t.is(entries.filter(({ why }) => why === 'not-held').length, 5);
});

test('a fork file that is altered or cut short anywhere is noticed', async (t) => {
  const folder = new MemoryFolder();
  const { fork } = await oldLeader(folder);
  await fenced(folder, fork);
  const file = folder.files.get('fork-2.tanistfork')!;
  const read = async (bytes: Buffer) => {
    for await (const _ of readFork(inOne(bytes)));
  };
  await read(file);
  for (let at = 0; at < file.length; at += 7) {
    const altered = Buffer.from(file);
    altered[at] = (altered[at] ?? 0) ^ 4;
    await t.throwsAsync(read(altered), undefined, `byte ${at}`);
  }
  await t.throwsAsync(read(file.subarray(0, -1)), { code: 'data-damaged' } as never);
});

test('warm to hot: a crash at any operation leaves a replica that can begin again, or a hot store that opens', async (t) => {
  const { state } = someState();
  const image = await openImage(new MemoryFolder().disk, { clusterId: 'c', folder: 'f', chunkBytes: 300 });
  await image.load();
  image.append(state.takeImageBatch());
  await image.flush({ sync: true });
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await image.snapshot()).chunks) chunks.push(Buffer.from(chunk));
  async function* sent() {
    yield* chunks;
  }
  const lineage = { clusterId: 'c', epoch: 0 };
  const promote = async (folder: MemoryFolder) => {
    const place = { folder, path: 'f', self: nodeId('w1') };
    await prefetch(place, { from: nodeId('h2'), lineage, sizeBytes: 0, chunks: sent() }, 'store');
    await becomeHot(folder, lineage);
  };
  let done = false;
  for (let at = 1; !done; at++)
    for (const takesEffect of [false, true]) {
      const folder = new MemoryFolder();
      folder.disk.crashAt = at;
      folder.disk.takesEffect = takesEffect;
      try {
        await promote(folder);
        done = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      const next = folder.crashed(at);
      if ((await readRole(next)) === null) await promote(next);
      const store = await openStore(next.disk, {
        clusterId: 'c',
        nodeId: nodeId('w1'),
        newStoreId: 'n',
        incarnation: 'i',
        folder: 'f',
      });
      const found = createStateMachine({ limits });
      await found.restore(store.loaded!, turn);
      t.deepEqual(found.applied, state.applied);
      t.is(found.digest('system'), state.digest('system'));
      t.deepEqual(store.log.image.last, state.applied);
      await store.log.close();
      await store.image.close();
    }
  // An image that is cut short is not used.
  const folder = new MemoryFolder();
  const short = (async function* () {
    yield* chunks.slice(0, -1);
  })();
  await t.throwsAsync(
    prefetch(
      { folder, path: 'f', self: nodeId('w1') },
      { from: nodeId('h2'), lineage, sizeBytes: 0, chunks: short },
      's',
    ),
    { code: 'data-damaged' } as never,
  );
  t.is(await readRole(folder), null);
});
