import test from 'ava';
import type { Divergence } from '../../../src/failover/divergence.ts';
import { defaultScore } from '../../../src/failover/options.ts';
import { logIndex, nodeId } from '../../../src/foundation/ids.ts';
import { saidJson, saidOf } from '../../../src/node/prediction/model-report.ts';
import { Observation } from '../../../src/node/topology/observe.ts';
import type { MemberInfo } from '../../../src/ports/membership.ts';
import type { ReplicaReport } from '../../../src/ports/replication.ts';
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

test('the divergence of a warm or cold replica is in its status and its score', (t) => {
  const weigh = (divergence: Divergence | null) =>
    new Observation({
      self: nodeId('a'),
      members: () => [{ id: nodeId('w'), tier: 'warm', voter: false, labels: {} } as unknown as MemberInfo],
      hot: () => t.fail() as never,
      beyond: () => ({ report: report(null), ageMs: 0, reachable: true }),
      divergence: () => divergence,
      isConnected: () => false,
      ownLinks: () => [],
      last: () => logIndex(1),
      score: defaultScore,
    }).weigh(nodeId('w'));
  const fine = weigh({ value: 0, cause: 'alike', explanation: 'error 0.80 of last value, the others 0.80' });
  const odd = weigh({ value: 1, cause: 'model', explanation: 'error 9.00 of last value, the others 0.80' });
  t.is(weigh(null)?.status.modelDivergence, null);
  t.is(fine?.status.modelDivergence, 0);
  t.is(odd?.status.modelDivergence, 1);
  t.true(odd!.score.value < fine!.score.value);
  t.truthy(odd!.score.terms.find(({ name }) => name === 'divergence'));
});
