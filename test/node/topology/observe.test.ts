import test from 'ava';
import type { Divergence } from '../../../src/failover/divergence.ts';
import { defaultScore } from '../../../src/failover/options.ts';
import { logIndex, nodeId, revision } from '../../../src/foundation/ids.ts';
import type { ReplicaView } from '../../../src/node/beyond/replica-book.ts';
import { saidJson, saidOf } from '../../../src/node/prediction/model-report.ts';
import { Observation, type Weighed } from '../../../src/node/topology/observe.ts';
import type { MemberInfo } from '../../../src/ports/membership.ts';
import type { Held, ReplicaReport } from '../../../src/ports/replication.ts';
import { replicaReportOf, replicaReportText } from '../../../src/protocol/status/replica-report.ts';
import { replicaReport } from '../../replication/replica-report.ts';

const said = {
  scaledError: 0.75,
  models: 'gru:abc',
  samples: [
    { hash: 7, mean: 1.5, scale: 2 },
    { hash: 9, mean: Number.NaN, scale: 1 },
  ],
};
const report = (model: ReplicaReport['model']): ReplicaReport =>
  replicaReport(model === undefined ? {} : { model });

test('what a replica beyond the quorum says of its predictions reaches who weighs it', (t) => {
  const told = replicaReportOf(JSON.parse(replicaReportText(report(saidJson(said)))));
  t.deepEqual(saidOf(told?.model), said);
  t.is(saidOf(replicaReportOf(JSON.parse(replicaReportText(report(undefined))))?.model ?? null), null);
  const long = replicaReportOf({ id: 'w', tier: 'cold', model: Array.from({ length: 5000 }, () => ({})) });
  t.true((long?.model?.length ?? 0) <= 128, 'no more than any version says');
});

interface Known {
  readonly divergence?: Divergence | null;
  readonly view?: ReplicaView;
  readonly latest?: number;
}

/** The member `w`, as a leader that knows this of it weighs it. */
function weighed({ divergence = null, view, latest = 0 }: Known): Weighed | null {
  return new Observation({
    self: nodeId('a'),
    members: () => [{ id: nodeId('w'), tier: 'warm', voter: false, labels: {} } as unknown as MemberInfo],
    hot: () => {
      throw new Error('w is not hot');
    },
    beyond: () => view ?? { report: report(null), ageMs: 0, reachable: true },
    divergence: () => divergence,
    isConnected: () => false,
    ownLinks: () => [],
    last: () => logIndex(1),
    latest: () => revision(latest),
    score: defaultScore,
  }).weigh(nodeId('w'));
}

test('the lag of a replica beyond the quorum is what it holds against what the leader has', (t) => {
  const at = revision(40);
  const held: Held = {
    lineage: { clusterId: 'c', epoch: 1 },
    revisions: { user: at, planes: at, system: at, predicted: at },
    ranges: [],
  };
  // Its last mark said that it was level, and nothing has come since.
  const stalled = replicaReport({ held, lagRevisions: 0, lagMs: 900 });
  const behind = weighed({ view: { report: stalled, ageMs: 100, reachable: true }, latest: 100 });
  t.like(behind, { lagRevisions: 60, lagMs: 900 });
  const log = behind!.score.terms.find(({ name }) => name === 'log');
  t.is(log?.explanation, '60 revisions behind, 900 ms old');
  const level = weighed({ view: { report: stalled, ageMs: 100, reachable: true }, latest: 40 });
  t.is(level?.lagRevisions, 0);
  const silent = weighed({ view: { report: stalled, ageMs: 5000, reachable: false }, latest: 100 });
  t.like(silent, { lagRevisions: 60, lagMs: 5900 });
  const told = replicaReport({ held, lagRevisions: 70 });
  const ahead = weighed({ view: { report: told, ageMs: 0, reachable: true }, latest: 100 });
  t.is(ahead?.lagRevisions, 70, 'the replica knew that the leader was further than who weighs');
});

test('the divergence of a warm or cold replica is in its status and its score', (t) => {
  const weigh = (divergence: Divergence | null) => weighed({ divergence });
  const fine = weigh({ value: 0, cause: 'alike', explanation: 'error 0.80 of last value, the others 0.80' });
  const odd = weigh({ value: 1, cause: 'model', explanation: 'error 9.00 of last value, the others 0.80' });
  t.is(weigh(null)?.status.modelDivergence, null);
  t.is(fine?.status.modelDivergence, 0);
  t.is(odd?.status.modelDivergence, 1);
  t.true(odd!.score.value < fine!.score.value);
  t.truthy(odd!.score.terms.find(({ name }) => name === 'divergence'));
});
