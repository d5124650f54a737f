import test from 'ava';
import { clusterTimeMs, nodeId, revision, sessionId } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { backupOf } from '../../../src/node/backup/backup.ts';
import { readBackup } from '../../../src/node/backup/backup-file.ts';
import { type Restored, restoreBackup } from '../../../src/node/backup/restore.ts';
import { beforeAll, type Configuration } from '../../../src/ports/log-store.ts';
import { createStateMachine, moveOnBy, type StateMachine } from '../../../src/state/state-machine.ts';
import { openImage } from '../../../src/storage/image/image-store.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import { b, compact, del, grant, Log, lease, predict, prediction, put, range } from '../../state/commands.ts';
import { MemoryDisk } from '../../storage/memory-disk.ts';

const turn = async (): Promise<void> => {};
const configuration: Configuration = {
  voters: ['x', 'y', 'z'].map(nodeId),
  outgoing: [],
  learners: [],
};

const farMs = clusterTimeMs(1e12);

/** A state with something of everything, and its backup. */
async function backedUp(values = 20): Promise<{ state: StateMachine; backup: Buffer }> {
  const log = new Log(createStateMachine({ limits }));
  log.apply(
    { kind: 'openSession', ttlMs: 60_000, nonce: 'first' },
    {
      kind: 'setPolicy',
      prefix: b('early/'),
      policy: { acknowledge: 'leader', tier: 'full', predict: null },
    },
    grant(5n, 50_000),
  );
  for (let i = 0; i < values; i++)
    log.apply(put(`k${i % 7}`, `${i}`.repeat(50), i % 3 === 0 ? lease(5n) : {}));
  log.apply(del('k3'), put('planned', '1', { space: 'planes' }));
  const madeFrom = log.state.revision('planes');
  const guess = prediction('planned', madeFrom, { space: 'planes', model: 'guess', validUntilMs: farMs });
  log.apply(predict(guess));
  log.inSession(sessionId(65_536), 1, 0, put('k1', 'in a session'));
  log.apply(compact(6));
  log.wait(1500);
  const image = await openImage(new MemoryDisk(), { clusterId: 'old', folder: 'f', chunkBytes: 400 });
  await image.load();
  image.append(log.state.takeImageBatch());
  const identity = {
    clusterId: 'old',
    nodeId: nodeId('a'),
    storeId: 's',
    bootCounter: 1,
    incarnation: 'i',
    last: beforeAll,
  };
  const settle = async (): Promise<void> => void (await image.flush({ sync: true }));
  const parts: Uint8Array[] = [];
  for await (const part of backupOf({ identity, image, random: seededRandom(1), settle })) parts.push(part);
  return { state: log.state, backup: Buffer.concat(parts) };
}

async function* inPieces(bytes: Buffer, size = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function restore(disk: MemoryDisk, id: string, backup: Buffer, cluster = 'new'): Promise<Restored> {
  return restoreBackup(inPieces(backup), {
    disk,
    folder: 'f',
    cluster,
    nodeId: nodeId(id),
    newStoreId: `store of ${id}`,
    configuration,
    limits,
    yieldTurn: turn,
  });
}

async function opened(disk: MemoryDisk, id: string): Promise<{ state: StateMachine; clusterId: string }> {
  const options = { clusterId: 'new', nodeId: nodeId(id), newStoreId: 'n', incarnation: 'i', folder: 'f' };
  const store = await openStore(disk, options);
  const state = createStateMachine({ limits });
  await state.restore(store.loaded!, turn);
  const { clusterId } = store.log.identity;
  await store.log.close();
  await store.image.close();
  return { state, clusterId };
}

test('members restored from one backup agree, with the content of the backed-up state and moved-on revisions', async (t) => {
  const { state, backup } = await backedUp();
  t.is(backup.length % 512, 32);
  const restored: StateMachine[] = [];
  for (const id of ['x', 'y', 'z']) {
    const disk = new MemoryDisk();
    const { head, clusterId } = await restore(disk, id, backup);
    t.is(head.clusterId, 'old');
    const member = await opened(disk, id);
    t.regex(clusterId, /^new\+[0-9a-f]{8}$/);
    t.is(member.clusterId, clusterId);
    restored.push(member.state);
  }
  const [first, ...others] = restored;
  for (const space of ['user', 'planes'] as const) t.is(first!.digest(space), state.digest(space));
  for (const other of others) {
    t.deepEqual(other.applied, first!.applied);
    for (const space of ['user', 'planes', 'system', 'predicted'] as const) {
      t.is(other.digest(space), first!.digest(space));
      t.is(other.revision(space), first!.revision(space));
    }
  }
  t.is<number, number>(first!.revision('user'), state.revision('user') + moveOnBy);
  t.is<number, number>(first!.compacted('user'), first!.revision('user'));
  t.is<number, number>(first!.applied.index, state.applied.index + moveOnBy);
  t.is(first!.applied.term, state.applied.term);
  t.is(first!.sessionCount, 0);
  t.is(first!.keyCount('predicted'), 0);
  t.deepEqual(first!.policies(), state.policies());
  t.deepEqual([...first!.leases()], [...state.leases()]);
  t.deepEqual(first!.configuration, configuration);
  t.deepEqual(
    first!.range(range('\0', '\0')),
    Object.assign({}, state.range(range('\0', '\0')), { revision: first!.revision('user') }),
  );
});

test('revisions of before are compacted, new ones begin far beyond, and ids are not used again', async (t) => {
  const { state, backup } = await backedUp();
  const disk = new MemoryDisk();
  await restore(disk, 'x', backup);
  const log = new Log((await opened(disk, 'x')).state);
  log.timeMs = state.timeMs;
  const gone = log.state.range(range('k1', '', { revision: state.revision('user') }));
  t.like(gone, { kind: 'failed', code: 'revision-compacted' });
  t.like(log.one(put('k1', 'new')), { revision: revision(state.revision('user') + moveOnBy + 1) });
  const session = log.one({ kind: 'openSession', ttlMs: 60_000, nonce: 'other' });
  if (session.kind !== 'openSession') return t.fail();
  t.true(session.id > moveOnBy);
  // What was left of the lease's time is left of it.
  t.is(log.state.lease(5n as never)?.remainingMs, state.lease(5n as never)!.remainingMs);
});

test('a byte that is altered anywhere is found, and nothing is restored', async (t) => {
  const { backup } = await backedUp(60);
  const step = Math.max(1, Math.floor(backup.length / 150));
  const places = new Set([0, 8, 12, 20, backup.length - 1, backup.length - 40]);
  for (let at = 0; at < backup.length; at += step) places.add(at);
  for (const at of places) {
    const altered = Buffer.from(backup);
    altered[at]! ^= 0x10;
    const error = await t.throwsAsync(restore(new MemoryDisk(), 'x', altered), undefined, `byte ${at}`);
    t.regex((error as Error & { code: string }).code, /^data-(damaged|format-newer)$/);
  }
});

test('what was cut off is found, with the place', async (t) => {
  const { backup } = await backedUp();
  for (const length of [0, 10, 100, 300, backup.length - 33, backup.length - 32, backup.length - 1]) {
    const error = await t.throwsAsync(restore(new MemoryDisk(), 'x', backup.subarray(0, length)), {
      code: 'data-damaged',
    });
    t.regex(error?.message ?? '', new RegExp(`at byte ${length}\\b`));
  }
  await t.throwsAsync(restore(new MemoryDisk(), 'x', Buffer.concat([backup, Buffer.alloc(1)])), {
    code: 'data-damaged',
  });
});

test('a newer format and the config of another restore are refused', async (t) => {
  const { backup } = await backedUp();
  const newer = Buffer.from(backup);
  newer.writeUInt32LE(2, 8);
  await t.throwsAsync(restore(new MemoryDisk(), 'x', newer), { code: 'data-format-newer' });
  await t.throwsAsync(restore(new MemoryDisk(), 'x', backup, 'new+00000000'), {
    code: 'data-of-another-cluster',
  });
});

test('predicted values and sessions are not in a backup', async (t) => {
  const { backup } = await backedUp();
  let bytes = Buffer.alloc(0);
  for await (const part of readBackup(inPieces(backup)))
    if (part.kind === 'frame') bytes = Buffer.concat([bytes, part.frame]);
  t.true(bytes.includes('planned'));
  t.false(bytes.includes('guess'));
  t.false(bytes.includes('session/'));
});
