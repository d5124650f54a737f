import test from 'ava';
import { saidJson, saidOf } from '../../src/node/prediction/model-report.ts';
import { OnlinePrediction } from '../../src/node/prediction/online-prediction.ts';
import { defaultPredictionBudget } from '../../src/node/prediction/predictor.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { defaultPredictPolicy } from '../../src/ports/prediction.ts';
import { WarmFeed } from '../../src/replication/warm/warm-feed.ts';
import type { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { InProcessPredictor } from '../node/prediction/in-process-predictor.ts';
import { b, put } from '../state/commands.ts';
import { WarmWorld } from './warm-world.ts';

test('a warm replica forecasts the critical keys from its stream, by the policies that it holds', async (t) => {
  const world = new WarmWorld();
  const holder: { replica: WarmReplica | null } = { replica: null };
  const feed = new WarmFeed({
    clock: world.clock,
    nodeLog: silentLog,
    ranges: () => holder.replica?.state.ranges ?? [],
  });
  const prediction = new OnlinePrediction({
    feed,
    predictor: new InProcessPredictor(),
    budget: { ...defaultPredictionBudget, cpu: 1 },
  });
  const set = (prefix: string, tier: 'critical' | 'full') =>
    ({
      kind: 'setPolicy',
      prefix: b(prefix),
      policy: { acknowledge: 'quorum', tier, predict: defaultPredictPolicy },
    }) as const;
  world.apply(set('a/', 'critical'), set('q/', 'full'), put('a/1', '5'));
  holder.replica = await world.warm([world.source()], undefined, {
    listener: feed,
    model: () => {
      const said = prediction.said();
      return said === null ? null : saidJson(said);
    },
  });
  prediction.start();
  await world.caughtUp(holder.replica);
  await world.run(500);
  t.like(
    prediction.status(),
    { state: 'running', keys: 1, ready: 0 },
    'it is known, and of its past nothing is',
  );
  for (let second = 0; second < 12; second++) {
    world.log.timeMs += 999;
    world.apply(put('a/1', '5'), put('q/1', '7'));
    await world.run(1000);
  }
  t.like(prediction.status(), { keys: 1, series: 1, ready: 1, errors: 0 });
  const told = saidOf(holder.replica.report().model);
  t.deepEqual(told?.samples, prediction.said()?.samples);
  t.true((told?.samples.length ?? 0) > 0, 'for the leader, which compares them');
  const [found] = prediction.preApply(0);
  t.is(found?.key, b('a/1'));
  t.is(found?.value, b('5'));
  t.is(Number(found?.madeFrom), Number(world.state.revision('user')) - 1);
  world.apply({ kind: 'removePolicy', prefix: b('a/') });
  await world.run(1000);
  t.is(prediction.status().keys, 0);
  prediction.close();
  await world.until(holder.replica.stop());
});
