import test from 'ava';
import type { TanistError } from '../../src/foundation/errors.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant, type MutantName } from '../../src/foundation/mutants.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { ForcedReport } from '../../src/ports/lineage.ts';
import {
  type ForcedPromotion,
  forcePromotion,
  weighForced,
} from '../../src/replication/forced/force-promotion.ts';
import type { MemberAnswer } from '../../src/replication/forced/survey.ts';
import { forkFrom, forksOf } from '../../src/replication/fork/fork-note.ts';
import { readRole } from '../../src/replication/promotion/role.ts';
import { createStateMachine, moveOnBy, type StateMachine } from '../../src/state/state-machine.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { b, range } from '../state/commands.ts';
import { Crash } from '../storage/memory-disk.ts';
import { MemoryFolder } from './memory-folder.ts';
import { heldOf, old, someState } from './states.ts';

const turn = async (): Promise<void> => {};

function forcing(
  state: StateMachine,
  folder: MemoryFolder,
  answers: readonly MemberAnswer[] = [],
): ForcedPromotion {
  return {
    place: { folder, path: 'f', self: nodeId('w1') },
    content: heldOf(state),
    ask: async ({ id }) => answers.find((answer) => answer.id === id) ?? null,
    limits,
    random: seededRandom(7),
    clock: { wallMs: () => state.timeMs + 2500 },
    yieldTurn: turn,
  };
}

const hot = (id: string, rest: Partial<MemberAnswer> = {}): MemberAnswer => ({
  id: nodeId(id),
  lineage: old,
  tier: 'hot',
  voters: ['h1', 'h2', 'h3'].map(nodeId),
  applied: 10,
  revision: 9,
  ...rest,
});

async function opened(folder: MemoryFolder): Promise<{ state: StateMachine; clusterId: string }> {
  const options = { clusterId: 'c', nodeId: nodeId('w1'), newStoreId: 'n', incarnation: 'i', folder: 'f' };
  const store = await openStore(folder.disk, options);
  const state = createStateMachine({ limits });
  await state.restore(store.loaded!, turn);
  const { clusterId, last } = store.log.identity;
  t0(last.index === state.applied.index);
  await store.log.close();
  await store.image.close();
  return { state, clusterId };
}

function t0(right: boolean): void {
  if (!right) throw new Error('the log begins where the image ends');
}

async function promoted(): Promise<{
  before: StateMachine;
  state: StateMachine;
  report: ForcedReport;
  clusterId: string;
}> {
  const folder = new MemoryFolder();
  const before = someState().state;
  const report = await forcePromotion(forcing(before, folder));
  return { before, report, ...(await opened(folder)) };
}

/** What promise 8 asks of the new lineage; the text of the first thing that is wrong. */
function fault(before: StateMachine, state: StateMachine): string | null {
  if (state.epoch !== before.epoch + 1) return 'the epoch is not a new one';
  for (const space of ['user', 'system'] as const) {
    if (state.revision(space) < before.revision(space) + moveOnBy)
      return `revisions of ${space} may be seen twice`;
    if (state.compacted(space) < before.revision(space))
      return `revisions of ${space} can be read that were others`;
  }
  return null;
}

test.serial('a forced promotion begins a new lineage with what the replica held', async (t) => {
  const { before, state, clusterId, report } = await promoted();
  t.is(fault(before, state), null);
  t.regex(clusterId, /^c\+[0-9a-f]{8}$/);
  const was = before.range(range('a/', 'a0')) as { values: unknown };
  const is = state.range(range('a/', 'a0')) as { values: unknown };
  t.deepEqual(is.values, was.values, 'keys keep their values, versions and revisions');
  t.is(state.valuesOf('user', b('b/'), b('b0')).length, 0);
  t.is(state.sessionCount, 0);
  t.deepEqual(state.policies(), before.policies());
  for (const { id, ttlMs, remainingMs, keys } of state.leases()) {
    t.is(remainingMs, ttlMs, `lease ${id} has its whole time again`);
    t.true(keys.length > 0);
  }
  t.deepEqual(state.configuration, { voters: [nodeId('w1')], outgoing: [], learners: [] });
  t.deepEqual(
    state.members.list().map(({ id, tier }) => `${id} ${tier}`),
    ['h1 warm', 'h2 warm', 'h3 warm', 'k1 cold', 'w1 hot'],
  );
  const [fork] = forksOf(state);
  t.deepEqual(fork, report.fork);
  t.is(forkFrom(forksOf(state), old)?.revisions.user, before.revision('user'));
  t.is(
    forkFrom(forksOf(state), { clusterId: 'c+00000000', epoch: 1 }),
    null,
    'a lineage that did not lead here',
  );
  t.true(state.applied.term > before.applied.term);
});

test.serial('the report says what cannot be vouched for', async (t) => {
  const { before, report } = await promoted();
  const at = before.revision('user');
  t.like(report.ranges[0], { heldThrough: at, leaderThrough: at + 7, keys: 4 });
  t.deepEqual(
    report.notHeld.map(({ space }) => space),
    ['user', 'planes'],
  );
  t.is(report.leases, 1);
  t.is<number, number>(report.fork.timeMs, before.timeMs);
  t.deepEqual(report.lastWord, { agoMs: 2500, heardAgoMs: 400 });
  t.is<number, number>(report.firstRevisions.user, at + moveOnBy + 1);
});

for (const mutant of [
  'forced-without-new-epoch',
  'revisions-not-moved-on',
] as const satisfies readonly MutantName[])
  test.serial(`the mutant ${mutant} is found`, async (t) => {
    activateMutant(mutant);
    t.teardown(() => activateMutant(null));
    const { before, state } = await promoted();
    t.not(fault(before, state), null);
  });

test.serial(
  'it is refused while a quorum is alive, or another replica was promoted, or nothing is held',
  async (t) => {
    const { state } = someState();
    const refused = async (answers: readonly MemberAnswer[], code: string, text: RegExp) => {
      const folder = new MemoryFolder();
      const error = await t.throwsAsync<TanistError>(weighForced(forcing(state, folder, answers)));
      t.is(error.code, code as never);
      t.regex(error.message, text);
      await t.throwsAsync(forcePromotion(forcing(state, folder, answers)), { code } as never);
      t.is(folder.notes.size, 0, 'and nothing was changed');
    };
    await refused([hot('h1'), hot('h2')], 'quorum-alive', /2 of the 3 .*h1, h2.*tanist promote w1.*transfer/);
    await t.notThrowsAsync(
      weighForced(forcing(state, new MemoryFolder(), [hot('h1'), hot('k1', { tier: 'cold', voters: [] })])),
    );
    // The cluster shrank meanwhile, and this replica had not heard of it.
    await refused([hot('h1', { voters: [nodeId('h1')] })], 'quorum-alive', /1 of the 1/);
    await refused(
      [hot('k1', { tier: 'hot', lineage: { clusterId: 'c+aaaaaaaa', epoch: 2 } })],
      'superseded',
      /k1 .*epoch 2/,
    );
    const nothing = { ...forcing(state, new MemoryFolder()), content: null };
    await t.throwsAsync(forcePromotion(nothing), { code: 'starting' } as never);
  },
);

test.serial('a crash at any operation leaves the replica as it was, or the hot node whole', async (t) => {
  const { state } = someState();
  let done = false;
  let asWarm = 0;
  for (let at = 1; !done; at++)
    for (const takesEffect of [false, true]) {
      const folder = new MemoryFolder();
      folder.disk.crashAt = at;
      folder.disk.takesEffect = takesEffect;
      try {
        await forcePromotion(forcing(state, folder));
        done = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      const next = folder.crashed(at);
      const role = await readRole(next);
      if (role?.tier !== 'hot') {
        asWarm++;
        await forcePromotion(forcing(state, next));
      }
      const { state: after, clusterId } = await opened(next);
      t.is(fault(state, after), null);
      t.is((await readRole(next))?.lineage?.clusterId, clusterId);
      t.true(next.notes.has('forced-2.json'), 'the report is there before the role');
    }
  t.true(asWarm > 20);
});
