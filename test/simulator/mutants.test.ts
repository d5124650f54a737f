import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { type MutantName, mutantNames } from '../../src/foundation/mutants.ts';
import { simulate } from '../../src/simulator/simulate.ts';

/** A seed that finds it. When the code has changed so that it no longer does, the seeds from 1 on are tried. */
const foundBy: Partial<Record<MutantName, number>> = {
  'vote-without-up-to-date-check': 15,
  'vote-before-durable': 1,
  'own-vote-before-durable': 3,
  'vote-lost-at-restart': 1,
  'vote-twice-in-term': 70,
  'commit-earlier-term-by-counting': 74,
  'acknowledge-before-sync': 1,
  'keep-conflicting-suffix': 53,
  'count-learner': 2,
  'single-quorum-in-joint-change': 5,
  'apply-twice-after-restart': 1,
  'read-without-quorum-round': 65,
  'read-joins-earlier-round': 109,
  'held-read-served-unasked': 11,
  'reuse-session-number': 20,
  'drop-session-results': 17,
  'lease-by-local-clock': 6,
  'lease-reset-at-failover': 7,
  'stamp-behind-the-log': 7,
  'drop-watch-event-at-resume': 1,
  'watch-duplicate-at-resume': 1,
  'succession-ignores-log': 2,
  'snapshot-one-index-off': 4,
  'compaction-past-watcher': 3,
  'compaction-hides-live': 3,
  'stale-digest': 1,
  'skip-check-quorum': 77,
  'torn-tail-hides-damage': 60,
  'image-before-log': 15,
  'early-acknowledgement-as-durable': 1,
  'digest-of-earlier-image': 1,
  'digest-half-applied': 61,
  'minority-verdict': 23,
  'quarantined-campaigns': 40,
  'quarantined-serves': 6,
  'rescued-log-votes': 6,
  'removed-id-returns': 23,
  'two-changes-at-once': 38,
  'several-voters-in-one-step': 2,
  'promote-out-of-sync': 59,
  'facts-at-append': 1,
  'watch-half-applied': 3,
  'image-half-applied': 16,
};
/** The same where more seeds have replicas beyond the quorum. */
const foundWithTiers: Partial<Record<MutantName, number>> = {
  'mark-half-applied': 487,
  'warm-keeps-lost-ranges': 3,
  'replace-keeps-old-values': 40,
  'cold-row-checksum-ignored': 43,
  'cold-merge-ahead': 4,
  'fencing-forgotten': 16,
  'fork-not-saved': 3,
  'forced-beside-quorum': 3,
  'revisions-not-moved-on': 3,
  'forced-without-new-epoch': 3,
  'never-committed-is-lag': 6,
  'wish-by-word': 764,
};
/** The same with predictions in the seeds that have them. */
const foundPredicting: Partial<Record<MutantName, number>> = {
  'prediction-into-user': 2,
  'prediction-survives-write': 2,
  'prediction-past-valid-until': 2,
  'prediction-of-older-revision': 2,
  'prediction-in-user-digest': 2,
  'prediction-bumps-user-revision': 2,
  'prediction-not-restored': 2,
};
/** Where one machine's clocks run far too slow in the seeds that have such. */
const foundSlow: Partial<Record<MutantName, number>> = {
  'largest-offset-counts': 429,
};
/** With places, targets and forced promotions by policy in the seeds that have such. */
const foundWithTopology: Partial<Record<MutantName, number>> = {
  'failed-fence-counts': 6,
};
const within = 100;

/** Those that it finds too seldom for this test, and what proves the check instead. */
const tooSeldom: Partial<Record<MutantName, string>> = {
  'prevote-round-ignored': 'breaks no invariant; test/raft/scenarios.test.ts finds it',
  'vote-for-earlier-start': 'test/raft/scenarios.test.ts finds it',
  'office-before-own-vote': 'test/raft/scenarios.test.ts finds it',
  'unconfirmed-image': 'test/node/image/confirmed-image.test.ts finds it',
  'held-value-unchecked': 'test/replication/lean-image.test.ts finds it',
  'warm-scrub-misses-vanished': 'test/replication/mutants.test.ts finds it',
  'role-checksum-ignored': 'test/replication/role.test.ts finds it',
  'second-replica-fed': 'test/replication/second-replica.test.ts finds it',
  'answers-of-two-lineages-mixed': 'test/client/lineages.test.ts finds it',
  // No leader stamps behind its log any more, so no run shows whether the state would follow one that did.
  'cluster-time-goes-back': 'test/state/leases.test.ts finds it',
  'repeats-overtaken': 'test/client/session-core.test.ts finds it',
  'demoted-begins-hot': 'too seldom in it; test/replication/decide-role.test.ts finds it',
  'fenced-by-what-it-was': 'test/replication/supervisor.test.ts finds it',
  'introduction-forgotten': 'test/replication/supervisor.test.ts finds it',
  'old-epoch-accepted': 'test/ports/lineage-order.test.ts finds it',
  'scrub-expects-what-lies-before': 'test/storage/image-faults.test.ts finds it',
  'scrub-misses-vanished-records': 'test/node/integrity/scrub-records.test.ts finds it',
  'forced-without-witness': 'test/replication/forced-policy.test.ts finds it',
  'forced-beside-new-hot': 'test/replication/forced-policy.test.ts finds it',
  'ignore-store-identity': 'too seldom by chance; test/simulator/directed.test.ts finds it',
  'trust-of-unmet-ignored': 'test/node/peers/peer-guard.test.ts finds it',
  'leaves-doubted': 'test/node/membership/plan-change.test.ts finds it',
  'tier-rate-ignored': 'test/node/topology/scenarios.test.ts finds it',
  'tier-hysteresis-ignored': 'test/node/topology/scenarios.test.ts finds it',
  'unmeasured-is-farthest': 'test/node/topology/scenarios.test.ts finds it',
  'tier-grace-ignored': 'test/node/topology/scenarios.test.ts finds it',
  'warm-digest-ignored': 'test/replication/mutants.test.ts finds it',
  'warm-mark-before-deltas': 'test/replication/mutants.test.ts finds it',
  'delta-stream-resumes-late': 'test/replication/mutants.test.ts finds it',
  'refused-after-reset': 'not in seeds 1000 to 1797; test/node/mutants.test.ts finds it',
  'read-half-applied': 'not in seeds 1 to 50; test/node/mutants.test.ts finds it',
  'scrub-half-applied': 'not in some thousand seeds; test/node/mutants.test.ts finds it',
  'lost-change-blocks': 'with tiers not in seeds 101 to 953; test/node/mutants.test.ts finds it',
  'time-heard-when-applied': 'seldom; test/node/loop/cluster-clock.test.ts finds it',
  'leader-learns-from-old-blocks': 'not looked for; test/node/loop/cluster-clock.test.ts finds it',
  'commit-beyond-match': 'not in seeds 1 to 157 and 231 to 360; test/raft/core.test.ts finds it',
  'members-outlive-mark': 'too seldom in it; test/replication/mutants.test.ts finds it',
  'pause-waits-for-room':
    'no forced promotion beside a full disk in it; test/replication/standstill.test.ts finds it',
  'cold-digest-ignored': 'test/replication/cold/cold-store.test.ts finds it',
  'cold-scrub-ignores-digest': 'test/replication/cold/cold-store.test.ts finds it',
  'cold-leftovers-kept': 'test/replication/cold/simulated.test.ts finds it',
  'cold-deletions-forgotten': 'test/replication/cold/cold-store.test.ts finds it',
  'scan-misses-deltas': 'test/replication/mutants.test.ts finds it',
  'compaction-past-follower': 'test/replication/mutants.test.ts finds it',
  'hand-over-to-unhealthy-heir': 'nobody is about to die in it; test/failover/before-death finds it',
  'hand-over-twice-in-a-minute': 'nobody is about to die in it; test/failover/before-death finds it',
  'intervals-ignore-new-residuals': 'no models in it; test/prediction/mutants.test.ts finds it',
  'selection-sees-future': 'no models in it; test/prediction/mutants.test.ts finds it',
  'input-known-early': 'no models in it; test/prediction/mutants.test.ts finds it',
  'pre-applied-without-change': 'no predictor in it; test/node/prediction/mutants.test.ts finds it',
  'table-keeps-forgotten': 'no predictor in it; test/node/prediction/mutants.test.ts finds it',
  'call-without-end': 'no models in it; test/prediction/mutants.test.ts finds it',
  'nothing-brought-after-opening': 'no predictor in it; test/node/prediction/mutants.test.ts finds it',
  'brought-before-caught-up': 'no predictor in it; test/node/prediction/mutants.test.ts finds it',
  'late-changes-set-time-back': 'no predictor in it; test/node/prediction/mutants.test.ts finds it',
  'model-published-uncompared': 'no models in it; test/prediction/mutants.test.ts finds it',
  'contribution-not-clipped': 'no models in it; test/prediction/mutants.test.ts finds it',
  'mirror-claim-ignored': 'test/mirrors/random.test.ts finds it',
  'mirror-looks-again': 'test/mirrors/budget.test.ts finds it',
  'mirror-budget-free': 'test/mirrors/random.test.ts finds it',
  'mirror-older-accepted': 'test/mirrors/random.test.ts finds it',
  'mirror-fence-ignored': 'test/mirrors/random.test.ts finds it',
  'mirror-invalidation-forgotten': 'test/mirrors/random.test.ts finds it',
  'mirror-event-overwritten': 'test/mirrors/due.test.ts finds it',
  'dependency-digest-ignored': 'test/dependencies/mutants.test.ts finds it',
  'dependency-attempts-mixed': 'test/dependencies/mutants.test.ts finds it',
  'dependency-outlives-lease': 'test/dependencies/mutants.test.ts finds it',
  'dependency-claimed-twice': 'test/dependencies/mutants.test.ts finds it',
  'dependency-heartbeat-unsaid': 'test/dependencies/mutants.test.ts finds it',
  'dependency-scrub-trusts-name': 'test/dependencies/mutants.test.ts finds it',
  'dependency-path-unchecked': 'test/dependencies/mutants.test.ts finds it',
  'dependency-credentials-redirected': 'test/dependencies/mutants.test.ts finds it',
  'dependency-stale-as-fresh': 'test/dependencies/mutants.test.ts finds it',
};

test('every mutant is found, or it is said why not', (t) => {
  const named = [foundBy, foundWithTiers, foundPredicting, foundSlow, foundWithTopology, tooSeldom].flatMap(
    (list) => Object.keys(list),
  );
  t.deepEqual(named.sort(), [...mutantNames].sort());
});

for (const [name, why] of Object.entries(tooSeldom)) {
  const path = /\btest\/[\w./-]+/.exec(why)?.[0] ?? '';
  test(`${path} knows ${name}`, (t) => {
    const at = new URL(`../../../${path}`, import.meta.url);
    const files = path.endsWith('.ts') ? [at] : readdirSync(at).map((file) => new URL(`${at.href}/${file}`));
    t.true(
      files.some((file) => readFileSync(file, 'utf8').includes(`'${name}'`)),
      `${path} does not mention it`,
    );
  });
}

interface Looked {
  readonly mutant: MutantName;
  readonly first: number;
  readonly tiers: boolean;
  readonly predictions: boolean;
  readonly slowClocks: boolean;
  readonly topology: boolean;
}

const lookedIn = (
  list: Partial<Record<MutantName, number>>,
  how: Omit<Looked, 'mutant' | 'first'>,
): readonly Looked[] =>
  (Object.entries(list) as [MutantName, number][]).map(([mutant, first]) => ({ mutant, first, ...how }));

const plain = { tiers: false, predictions: false, slowClocks: false, topology: false };
const all = [
  ...lookedIn(foundBy, plain),
  ...lookedIn(foundWithTiers, { ...plain, tiers: true }),
  ...lookedIn(foundPredicting, { ...plain, predictions: true }),
  ...lookedIn(foundSlow, { ...plain, slowClocks: true }),
  ...lookedIn(foundWithTopology, { ...plain, tiers: true, topology: true }),
];

for (const { mutant, first, ...how } of all) {
  test.serial(`${mutant} is found within ${within} seeds`, async (t) => {
    t.timeout(120_000);
    for (let tried = 0; tried <= within; tried++) {
      const seed = tried === 0 ? first : tried;
      const { failure } = await simulate({ seed, mutant, ...how });
      if (failure === null) continue;
      t.log(`seed ${seed}: ${failure.check}`);
      t.pass();
      return;
    }
    t.fail();
  });
}
