import test from 'ava';
import fc from 'fast-check';
import { sessionId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { spaces } from '../../src/ports/delta.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { someCommands } from './arbitraries.ts';
import { b, compact, del, grant, keepAlive, Log, lease, put, range, revoke, txn } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

const turn = async (): Promise<void> => {};

async function restored(image: MemoryImage): Promise<StateMachine> {
  const state = createStateMachine({ limits });
  await state.restore(image.load(), turn);
  return state;
}

function sameAnswers(t: import('ava').ExecutionContext, left: StateMachine, right: StateMachine): void {
  for (const space of spaces) {
    t.is(left.digest(space), right.digest(space));
    t.is(left.revision(space), right.revision(space));
    t.is(left.compacted(space), right.compacted(space));
  }
  t.deepEqual(left.range(range('\0', '\0')), right.range(range('\0', '\0')));
  const byId = (state: StateMachine) => [...state.leases()].sort((x, y) => (x.id < y.id ? -1 : 1));
  t.deepEqual(byId(left), byId(right));
  t.is(left.sessionCount, right.sessionCount);
  t.is(left.timeMs, right.timeMs);
  t.deepEqual(left.applied, right.applied);
  t.deepEqual(left.policies(), right.policies());
  t.is(left.nextDeadlineMs, right.nextDeadlineMs);
}

test('a state restored from its image goes on exactly like the one that wrote it', async (t) => {
  await fc.assert(
    fc.asyncProperty(someCommands, someCommands, fc.nat(40), async (before, after, compactAt) => {
      const log = new Log(createStateMachine({ limits }));
      const image = new MemoryImage();
      for (const [i, command] of before.entries()) {
        log.one(command.kind === 'compact' ? compact(compactAt) : command);
        if (i % 4 === 0) image.append(log.state.takeImageBatch());
        if (i % 7 === 0) image.reclaim((space, key, at) => log.state.isLive(space, key, at));
      }
      image.append(log.state.takeImageBatch());
      const other = new Log(await restored(image));
      sameAnswers(t, log.state, other.state);
      for (let at = 1; at <= log.state.revision('user'); at++) {
        const request = range('a', '\0', { revision: at as never });
        t.deepEqual(log.state.range(request), other.state.range(request));
      }
      log.state.takeDeltas();
      for (const command of after) t.deepEqual(log.one(command), other.one(command));
      sameAnswers(t, log.state, other.state);
      t.deepEqual(log.state.takeDeltas(), other.state.takeDeltas());
    }),
    { numRuns: 100 },
  );
});

async function withEverything(): Promise<{ log: Log; image: MemoryImage }> {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  log.apply(
    { kind: 'openSession', ttlMs: 60_000, nonce: 'first' },
    {
      kind: 'setPolicy',
      prefix: b('early/'),
      policy: { acknowledge: 'leader', tier: 'full', predict: null },
    },
    grant(5n, 5000),
    grant(2n ** 63n + 1n, 60_000),
  );
  const session = sessionId(65_536);
  for (let i = 0; i < 3; i++) {
    const commands = Array.from({ length: 200 }, (_, k) => put(`k${k}`, `${i}`, k === 7 ? lease(5n) : {}));
    log.inSession(session, 1 + i * 200, i * 150, ...commands);
    image.append(log.state.takeImageBatch());
  }
  log.inSession(
    session,
    601,
    310,
    put('k7', 'x', { previous: true }),
    revoke(9n),
    txn([], [range('k7'), del('k8')]),
  );
  log.wait(1500);
  log.one(keepAlive(2n ** 63n + 1n));
  image.append(log.state.takeImageBatch());
  return { log, image };
}

test('sessions with their results, leases with their keys and policies are in the image', async (t) => {
  const { log, image } = await withEverything();
  const other = new Log(await restored(image));
  other.timeMs = log.timeMs;
  sameAnswers(t, log.state, other.state);
  t.is(other.state.policyFor(b('early/x')).acknowledge, 'leader');
  const session = sessionId(65_536);
  const again = Array.from({ length: 293 }, () => put('other', 'never applied'));
  t.deepEqual(log.inSession(session, 311, 310, ...again), other.inSession(session, 311, 310, ...again));
  t.is(other.state.range(range('other')).kind, 'range');
  t.like(other.state.range(range('other')), { count: 0 });
  log.wait(5000);
  other.wait(5000);
  t.is(other.state.lease(5n as never), null);
  sameAnswers(t, log.state, other.state);
});

test('an image whose content is not what its digests say is refused', async (t) => {
  const { image } = await withEverything();
  const loaded = image.load();
  const missing = {
    ...loaded,
    deltas: (async function* () {
      let i = 0;
      for await (const deltas of loaded.deltas) if (i++ !== 180) yield deltas;
    })(),
  };
  await t.throwsAsync(createStateMachine({ limits }).restore(missing, turn), { code: 'data-damaged' });
  const records = loaded.records.filter(({ key }) => !key.startsWith('lease/5'));
  await t.throwsAsync(createStateMachine({ limits }).restore({ ...image.load(), records }, turn), {
    code: 'data-damaged',
  });
});

test('what is not in the image yet may be lost, so reclaiming leaves what the image then needs', async (t) => {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  log.apply(put('a', '1'), put('b', '1'), put('c', '1'));
  image.append(log.state.takeImageBatch());
  log.apply(put('a', '2'), del('b'), compact(6));
  for (let i = 0; i < 64; i++) log.apply();
  image.reclaim((space, key, at) => log.state.isLive(space, key, at));
  const other = await restored(image);
  t.like(other.range(range('a', '\0')), { count: 3, revision: 4 });
  image.append(log.state.takeImageBatch());
  for (let i = 0; i < 64; i++) log.apply();
  image.append(log.state.takeImageBatch());
  image.reclaim((space, key, at) => log.state.isLive(space, key, at));
  t.is(image.size, 3);
  sameAnswers(t, log.state, await restored(image));
});

test('restoring replaces what was there', async (t) => {
  const { log, image } = await withEverything();
  const other = new Log(createStateMachine({ limits }));
  other.apply(put('stale', '1'), grant(77n, 9000), { kind: 'openSession', ttlMs: 9000, nonce: 'stale' });
  await other.state.restore(image.load(), turn);
  sameAnswers(t, log.state, other.state);
  t.is(other.state.takeDeltas().length, 0);
});

test('the digest is of the content, whichever way it came about', (t) => {
  const one = new Log(createStateMachine({ limits }));
  one.apply(put('a', '1'), put('b', '2'), del('a'), put('c', '3'));
  const other = new Log(createStateMachine({ limits }));
  // The same revisions at the same numbers, other keys in between.
  other.apply(put('x', '1'), put('b', '2'), del('x'), put('c', '3'));
  t.is(one.state.digest('user'), other.state.digest('user'));
  other.one(put('c', '3'));
  t.not(one.state.digest('user'), other.state.digest('user'));
  t.is(createStateMachine({ limits }).digest('user'), '0000000000000000');
});

test.serial('mutant stale-digest: the scrub and a restore find it', async (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('stale-digest');
  const log = new Log(createStateMachine({ limits }));
  log.apply(put('a', '1'), put('a', '2'));
  t.false(await log.state.verifyDigest('user', turn));
});
