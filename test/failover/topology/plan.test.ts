import test from 'ava';
import fc from 'fast-check';
import { compareQuality, qualityOf } from '../../../src/failover/topology/hot-set.ts';
import { nextSteps, planTiers } from '../../../src/failover/topology/plan.ts';
import { isGone, isOptional, isSettled, type TierStep } from '../../../src/failover/topology/step.ts';
import {
  changed,
  type TopologyMember,
  type TopologyView,
  voters,
} from '../../../src/failover/topology/view.ts';
import { arbitraryPolicy, arbitraryView, linksOf } from './arbitrary-view.ts';

const runs = { numRuns: 3000 };
const living = (view: TopologyView): readonly TopologyMember[] =>
  voters(view).filter(({ presence }) => presence.kind === 'alive');

test('a plan that was carried out leaves nothing to do', (t) => {
  fc.assert(
    fc.property(arbitraryView(false), arbitraryPolicy, ({ view }, policy) => {
      const { steps } = planTiers(view, policy);
      const end = steps.reduce((reached, { change }) => changed(reached, change), view);
      return nextSteps(end, policy).length === 0;
    }),
    runs,
  );
  t.pass();
});

test('each step is safe: the leader and pinned members stay, who moves up is fit, no living voter goes for less than the target', (t) => {
  fc.assert(
    fc.property(arbitraryView(false), arbitraryPolicy, ({ view }, policy) => {
      let reached = view;
      for (const { change, rule } of planTiers(view, policy).steps) {
        const after = changed(reached, change);
        const mayRise = (id: string): boolean => {
          const member = reached.members.find((candidate) => candidate.id === id);
          return member !== undefined && (rule === 'resume' || isSettled(member, policy));
        };
        if (change.kind === 'promote' && !mayRise(change.id)) return false;
        if (change.kind === 'retier' && rule !== 'resume' && !mayRise(change.id)) return false;
        if (change.kind === 'replace') {
          const lost = voters(reached).find(({ id }) => id === change.lost);
          if (lost === undefined || !mayRise(change.by)) return false;
          if (rule !== 'resume' && !isGone(lost, policy)) return false;
        }
        if (change.kind === 'demote' && change.id === view.leader) return false;
        if (rule !== 'resume' && 'id' in change && policy.pinned.includes(change.id)) return false;
        if (living(after).length < Math.min(living(reached).length, policy.hot ?? Number.MAX_SAFE_INTEGER))
          return false;
        reached = after;
      }
      return true;
    }),
    runs,
  );
  t.pass();
});

test('with everybody well the targets are met as far as there are members', (t) => {
  fc.assert(
    fc.property(arbitraryView(true), arbitraryPolicy, ({ view }, policy) => {
      const free = { ...policy, pinned: [] };
      const { wished } = planTiers(view, free);
      const count = (tier: string): number => [...wished.values()].filter((each) => each === tier).length;
      const size = view.members.length;
      if (free.hot !== null && count('hot') !== Math.min(free.hot, size)) return false;
      const rest = size - count('hot');
      if (free.warm !== null) return count('warm') === Math.min(free.warm, rest);
      return free.cold === null || count('cold') === Math.min(free.cold, rest);
    }),
    runs,
  );
  t.pass();
});

test('without targets nothing is moved but what is lost', (t) => {
  fc.assert(
    fc.property(arbitraryView(false), arbitraryPolicy, ({ view }, policy) => {
      const free = { ...policy, hot: null, warm: null, cold: null };
      return planTiers(view, free).steps.every(({ rule }) => rule === 'lost' || rule === 'resume');
    }),
    runs,
  );
  t.pass();
});

test('every exchange betters the quorum: places first, then distance', (t) => {
  let exchanges = 0;
  fc.assert(
    fc.property(arbitraryView(true), arbitraryPolicy, ({ view }, policy) => {
      const { hot, spread } = policy;
      const quality = (of: TopologyView) => qualityOf(voters(of), of.links, spread);
      let reached = view;
      let before = voters(view).length === hot ? quality(view) : null;
      for (const { change, rule } of planTiers(view, policy).steps) {
        if (rule === 'spread' || rule === 'latency') exchanges++;
        reached = changed(reached, change);
        if (voters(reached).length !== hot) continue;
        const after = quality(reached);
        const touchesQuorum = change.kind === 'promote' || change.kind === 'demote';
        if (before !== null && touchesQuorum && compareQuality(after, before) >= 0) return false;
        before = after;
      }
      return true;
    }),
    runs,
  );
  t.true(exchanges > 100, `only ${exchanges} exchanges were drawn`);
});

test('noise within the hysteresis never takes an exchange back', (t) => {
  let exchanges = 0;
  const noise = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 81, maxLength: 81 });
  fc.assert(
    fc.property(arbitraryView(true), arbitraryPolicy, noise, ({ view, matrix }, drawn, factors) => {
      const policy = { ...drawn, hot: voters(view).length };
      const [step] = nextSteps(view, policy);
      if (step === undefined || step.rule !== 'latency' || step.change.kind !== 'promote') return true;
      exchanges++;
      const into = step.change.id;
      const promoted = changed(view, step.change);
      const [second] = nextSteps(promoted, policy);
      if (second?.change.kind !== 'demote') return false;
      const end = changed(promoted, second.change);
      const shaken = matrix.map((row, i) =>
        row.map((cell, j) => (cell === null ? null : cell * (factors[9 * i + j] ?? 1))),
      );
      const noisy = {
        ...end,
        links: linksOf(
          end.members.map(({ id }) => id),
          shaken,
        ),
      };
      const back = `latency ${into} ${second.change.id}`;
      return nextSteps(noisy, policy).every(({ key }) => key !== back);
    }),
    { numRuns: 5000 },
  );
  t.true(exchanges > 50, `only ${exchanges} exchanges were drawn`);
});

test('who is chosen in the place of a lost one is chosen all the more with a better score', (t) => {
  fc.assert(
    fc.property(
      arbitraryView(false),
      arbitraryPolicy,
      fc.double({ min: 0, max: 1, noNaN: true }),
      ({ view }, policy, more) => {
        const [step] = nextSteps(view, policy);
        if (step?.change.kind !== 'replace') return true;
        const { by } = step.change;
        const members = view.members.map((member) =>
          member.id === by ? { ...member, score: Math.min(1, member.score + more) } : member,
        );
        const [again] = nextSteps({ ...view, members }, policy);
        return again?.change.kind === 'replace' && again.change.by === by;
      },
    ),
    runs,
  );
  t.pass();
});

test('a nearer replica is wished for all the more when it comes still nearer', (t) => {
  fc.assert(
    fc.property(arbitraryView(true), arbitraryPolicy, ({ view, matrix }, policy) => {
      const steps = nextSteps(view, policy);
      const step = steps.find(({ rule }) => rule === 'latency');
      if (step?.change.kind !== 'promote') return true;
      const { id } = step.change;
      const ids = view.members.map((member) => member.id);
      const at = ids.indexOf(id);
      const nearer = matrix.map((row, i) =>
        row.map((cell, j) => (cell !== null && (i === at || j === at) ? cell / 2 : cell)),
      );
      return nextSteps({ ...view, links: linksOf(ids, nearer) }, policy).some(({ key }) => key === step.key);
    }),
    runs,
  );
  t.pass();
});

/** Of more hot replicas than are wanted none goes at once: the paths to the newest one are hardly known. */
const isSpare = ({ key }: TierStep): boolean => key.startsWith('target hot fewer ');

test('every step says why', (t) => {
  fc.assert(
    fc.property(arbitraryView(false), arbitraryPolicy, ({ view }, policy) =>
      planTiers(view, policy).steps.every(
        (step) =>
          step.reason.length > 20 &&
          !step.reason.includes('NaN') &&
          step.mustLastMs >= 0 === true &&
          (isOptional(step) || (isSpare(step) && policy.settleMs > 0)) === step.mustLastMs > 0,
      ),
    ),
    runs,
  );
  t.pass();
});
