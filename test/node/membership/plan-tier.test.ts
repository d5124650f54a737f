import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { logIndex, type NodeId, nodeId, term } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import type { ClusterView } from '../../../src/node/membership/plan-change.ts';
import { planChange } from '../../../src/node/membership/plan-change.ts';
import { TierMover } from '../../../src/node/membership/tier-mover.ts';
import type { MemberFacts, MemberInfo, MemberRequest } from '../../../src/ports/membership.ts';
import { afterJoint, firstStep } from '../../../src/raft/configuration.ts';
import type { RaftStatus } from '../../../src/raft/raft.ts';
import { Members } from '../../../src/state/members.ts';

const ids = (text: string): readonly NodeId[] => [...text].map(nodeId);
const fact = (id: string, tier: string): MemberFacts => ({
  id: nodeId(id),
  name: id,
  peer: `${id}:1`,
  client: `${id}:2`,
  http: `${id}:3`,
  tier,
  labels: {},
});

/** A cluster of facts and a configuration, without anything around it. */
class Cluster {
  readonly members = new Members();
  configuration;
  dead = '';
  connected = '';
  match = 5000;
  trouble: string | null = null;

  constructor(hot: string, warm = '', cold = '') {
    const of = (text: string, tier: string) => [...text].map((id) => fact(id, tier));
    this.members.apply({ set: [...of(hot, 'hot'), ...of(warm, 'warm'), ...of(cold, 'cold')], removed: [] });
    this.configuration = { voters: ids(hot), outgoing: ids(''), learners: ids('') };
  }

  get view(): ClusterView {
    const { configuration, match } = this;
    const progress = new Map(
      [...configuration.voters, ...configuration.learners].map((id) => [
        id,
        { match: logIndex(match), next: logIndex(match + 1), state: 'replicate' as const },
      ]),
    );
    return {
      members: this.members,
      raft: {
        configuration,
        progress,
        last: { index: logIndex(5000), term: term(3) },
      } as unknown as RaftStatus,
      isAlive: (id) => !this.dead.includes(id),
      isConnected: (id) => this.connected.includes(id),
      trouble: () => this.trouble,
    };
  }

  /** Commits the step; says whether it was a joint one. */
  do(request: MemberRequest): boolean {
    const { change, ...target } = planChange(request, this.view);
    const first = firstStep(this.configuration, target) as typeof this.configuration;
    this.members.apply(change);
    this.configuration = (
      first.outgoing.length === 0 ? first : afterJoint(first)
    ) as typeof this.configuration;
    return first.outgoing.length > 0;
  }

  infos(): readonly MemberInfo[] {
    const { voters, learners } = this.configuration;
    return this.members
      .list()
      .map((facts) => ({ ...facts, voter: voters.includes(facts.id), learner: learners.includes(facts.id) }));
  }
}

const tier = (id: string, to: 'hot' | 'warm' | 'cold', replaces?: string): MemberRequest => ({
  kind: 'tier',
  id: nodeId(id),
  to,
  ...(replaces === undefined ? {} : { replaces: nodeId(replaces) }),
});
const code = (name: string) => ({ code: name }) as never;

test('warm to hot: wanted, learner once its node is connected, voter once it is in sync', (t) => {
  const cluster = new Cluster('abc', 'w');
  t.false(cluster.do(tier('w', 'hot')));
  t.like(cluster.members.get(nodeId('w')), { tier: 'warm', wanted: 'hot' });
  t.deepEqual(cluster.configuration.learners, []);
  t.throws(
    () => cluster.do(tier('w', 'hot')),
    code('learner-not-ready'),
    'nothing counts before it is fetched',
  );
  cluster.connected = 'w';
  cluster.do(tier('w', 'hot'));
  t.deepEqual(cluster.configuration.learners, ids('w'));
  t.like(cluster.members.get(nodeId('w')), { tier: 'hot', wanted: 'hot' });
  cluster.match = 3000;
  t.throws(() => cluster.do(tier('w', 'hot')), code('learner-not-ready'));
  cluster.match = 5000;
  cluster.do(tier('w', 'hot'));
  t.deepEqual(cluster.configuration.voters, ids('abcw'));
  t.is(cluster.members.get(nodeId('w'))?.wanted, undefined);
  t.throws(() => cluster.do(tier('w', 'hot')), code('already-in-tier'));
});

test.serial('a member that is not caught up does not vote (the mutant lets it)', (t) => {
  const cluster = new Cluster('abc', 'w');
  cluster.connected = 'w';
  cluster.match = 10;
  cluster.do(tier('w', 'hot'));
  cluster.do(tier('w', 'hot'));
  t.throws(() => cluster.do(tier('w', 'hot')), code('learner-not-ready'));
  activateMutant('promote-out-of-sync');
  t.teardown(() => activateMutant(null));
  cluster.do(tier('w', 'hot'));
  t.true(cluster.configuration.voters.includes(nodeId('w')), 'the check is what kept it out');
});

test('a lost voter is replaced in one joint change, and is warm afterwards', (t) => {
  const cluster = new Cluster('abc', 'w');
  cluster.dead = 'c';
  cluster.connected = 'w';
  cluster.do(tier('w', 'hot', 'c'));
  cluster.do(tier('w', 'hot'));
  t.deepEqual(cluster.configuration.voters, ids('abc'), 'until then the lost one keeps its place');
  t.true(cluster.do(tier('w', 'hot')), 'both majorities must agree');
  t.deepEqual(cluster.configuration.voters, ids('abw'));
  t.is(cluster.members.get(nodeId('c'))?.tier, 'warm');
  t.is(cluster.members.get(nodeId('w'))?.replaces, undefined);
});

test('what is not allowed', (t) => {
  const cluster = new Cluster('abc', 'w', 'k');
  t.throws(() => cluster.do(tier('q', 'hot')), code('unknown-member'));
  t.throws(() => cluster.do(tier('a', 'hot')), code('already-in-tier'));
  t.throws(() => cluster.do(tier('w', 'warm')), code('already-in-tier'));
  t.throws(() => cluster.do(tier('w', 'hot', 'k')), code('invalid-argument'));
  cluster.trouble = 'a damaged range';
  t.throws(() => cluster.do(tier('w', 'hot')), code('under-doubt'));
  cluster.trouble = null;
  cluster.do(tier('w', 'hot'));
  // It runs as a hot node by now: as a learner it is repaired, but it gets no vote before.
  cluster.connected = 'w';
  cluster.trouble = 'its image is damaged';
  cluster.do(tier('w', 'hot'));
  t.throws(() => cluster.do(tier('w', 'hot')), {
    code: 'learner-not-ready',
    message: /w is not whole at present \(its image is damaged\)/,
  } as never);
  cluster.trouble = null;
  cluster.do(tier('w', 'hot'));
  t.true(cluster.configuration.voters.includes(nodeId('w')));
  cluster.dead = 'cw';
  t.throws(() => cluster.do(tier('b', 'warm')), code('quorum-at-risk'));
  t.throws(() => new Cluster('a', 'w').do(tier('a', 'warm')), code('quorum-at-risk'), 'the last one stays');
});

test('hot to warm, warm to cold and back; a promotion can be given up', (t) => {
  const cluster = new Cluster('abc', 'w');
  cluster.do(tier('c', 'cold'));
  t.deepEqual(cluster.configuration.voters, ids('ab'));
  t.is(cluster.members.get(nodeId('c'))?.tier, 'cold');
  cluster.do(tier('c', 'warm'));
  cluster.do(tier('w', 'hot'));
  cluster.connected = 'w';
  cluster.do(tier('w', 'hot'));
  cluster.do(tier('w', 'warm'));
  t.deepEqual(cluster.configuration.learners, []);
  t.is(cluster.members.get(nodeId('w'))?.wanted, undefined);
});

test('the next leader goes on with what it finds in the facts, at any step', async (t) => {
  for (let diesAfter = 0; diesAfter < 4; diesAfter++) {
    const cluster = new Cluster('abc', 'w');
    cluster.dead = 'c';
    cluster.connected = 'w';
    let steps = 0;
    let nowMs = 0;
    const clock = { nowMs: () => nowMs } as never;
    const leader = (alive: () => boolean) =>
      new TierMover({
        clock,
        members: () => cluster.infos(),
        request: async (request) => {
          if (!alive()) throw new TanistError('not-leader', 'gone');
          cluster.do(request);
          steps++;
        },
      });
    const first = leader(() => steps < diesAfter);
    const promised = first.replace(nodeId('c'), nodeId('w')).catch((error: TanistError) => error.code);
    const turn = async (mover: TierMover) => {
      nowMs += 1000;
      mover.look();
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (let i = 0; i < 5; i++) await turn(first);
    first.abandon(new TanistError('not-leader', 'gone'));
    t.is(await promised, diesAfter < 3 ? 'not-leader' : undefined);
    const second = leader(() => true);
    if (diesAfter === 0) void second.replace(nodeId('c'), nodeId('w'));
    for (let i = 0; i < 5; i++) await turn(second);
    t.deepEqual(cluster.configuration.voters, ids('abw'), `after ${diesAfter} steps`);
    t.is(steps, 3, 'no step is taken twice');
  }
});
