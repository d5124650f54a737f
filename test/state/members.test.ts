import test from 'ava';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { MemberChange, MemberFacts } from '../../src/ports/membership.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { MemoryImage } from './memory-history.ts';

const facts = (id: string, more: Partial<MemberFacts> = {}): MemberFacts => ({
  id: nodeId(id),
  name: id,
  peer: `${id}:1`,
  client: `${id}:2`,
  http: `${id}:3`,
  tier: 'hot',
  labels: {},
  ...more,
});
const configuration = { voters: [nodeId('a')], outgoing: [], learners: [] };

function change(state: StateMachine, set: readonly MemberFacts[], removed: readonly string[] = []): void {
  const point = { index: logIndex(state.applied.index + 1), term: term(1) };
  const said: MemberChange = { set, removed: removed.map(nodeId) };
  state.applyEmpty(point, configuration, said);
}

test('members are the same after a restart, removed ones too', async (t) => {
  const state = createStateMachine({ limits });
  const image = new MemoryImage();
  change(state, [facts('b'), facts('a', { labels: { zone: 'x' } })]);
  image.append(state.takeImageBatch());
  change(state, [facts('c')], ['b']);
  image.append(state.takeImageBatch());
  const other = createStateMachine({ limits });
  await other.restore(image.load(), async () => {});
  t.deepEqual(other.members.list(), [facts('a', { labels: { zone: 'x' } }), facts('c')]);
  t.true(other.members.isRemoved(nodeId('b')));
  t.false(other.members.isRemoved(nodeId('a')));
  t.is(other.digest('system'), state.digest('system'));
});

test('a removed member stays removed, and its alarms go with it', (t) => {
  const state = createStateMachine({ limits });
  change(state, [facts('a'), facts('b')]);
  const digest = state.digest('system');
  change(state, [], ['b']);
  change(state, [facts('b')]);
  t.deepEqual(
    state.members.list().map(({ id }) => id),
    [nodeId('a')],
  );
  t.not(state.digest('system'), digest);
});

test('the digest is of what is known, whichever way it came about', (t) => {
  const [one, other] = [createStateMachine({ limits }), createStateMachine({ limits })];
  change(one, [facts('a', { labels: { x: '1', y: '2' } })]);
  change(one, [facts('b')]);
  change(other, [facts('b', { peer: 'elsewhere:1' })]);
  change(other, [facts('b'), facts('a', { labels: { y: '2', x: '1' } })]);
  t.is(one.digest('system'), other.digest('system'));
  change(other, [facts('a')]);
  t.not(one.digest('system'), other.digest('system'));
});
