import { Steady } from '../../../src/node/prediction/steady.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import { openPrediction } from '../../../src/protocol/parts/prediction.ts';
import { testEachMutant } from '../../each-mutant.ts';
import { b, del, put } from '../../state/commands.ts';
import { Stream } from './stream.ts';

/** What is left of a key that was deleted, in words. */
async function leftOfDeleted(): Promise<readonly string[]> {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 10, () => '5');
  await stream.step(put('p/y', '1'));
  const { prediction } = stream;
  const [tracked] = [...prediction.tracked].filter(({ key }) => key === b('p/x'));
  const { id } = tracked!.fields[0]!;
  if (prediction.table.row(id) === null) return ['it was not forecast'];
  await stream.step(del('p/x'));
  const wrong: string[] = [];
  if (prediction.table.row(id) !== null) wrong.push('its row');
  const { ready, series } = prediction.status();
  if (ready > series) wrong.push(`${ready} forecasts of ${series} series`);
  return wrong;
}

/** A leader dies whose last writes the heir has in its log, and has not applied: what the heir then predicts, in words. */
async function predictedBehindTheLog(): Promise<readonly string[]> {
  const stream = new Stream();
  const { bench } = stream;
  await stream.start();
  await stream.rising('p/x', 20, () => '5');
  await stream.uncommitted(put('p/x', '6'));
  await bench.lead();
  await bench.run(1000, () => {
    bench.answer();
    return bench.node.state.predictionCount > 0;
  });
  const sealed = bench.node.state.predictionOf('user', b('p/x'));
  if (sealed === null) return ['nothing is predicted'];
  const prediction = openPrediction(sealed);
  const [current] = bench.node.state.valuesOf('user', b('p/x'), b('p/y'));
  const wrong: string[] = [];
  if (prediction?.madeFrom !== current?.modRevision) wrong.push('of an older value');
  if (prediction?.madeAtMs !== stream.timeMs) wrong.push('by a forecast that does not know the last value');
  return wrong;
}

/** Blocks that an election held up for 1.5 s. */
async function timeAfterLateBlocks(): Promise<readonly string[]> {
  let nowMs = 100;
  const steady = new Steady({
    nowMs: () => nowMs,
    wallMs: () => 0,
    soon() {},
    after: () => ({ cancel() {} }),
  });
  const wrong: string[] = [];
  const expect = (what: string, clusterMs: number): void => {
    if (steady.nowMs() !== clusterMs) wrong.push(`${what}: ${steady.nowMs() - clusterMs} ms off`);
  };
  for (let stampMs = 5050; stampMs <= 6000; stampMs += 50) {
    steady.saw(stampMs);
    nowMs += 50;
  }
  nowMs += 1500;
  for (let stampMs = 6050; stampMs <= 6200; stampMs += 50) steady.saw(stampMs);
  expect('late blocks', 7550);
  // After a pause a block takes it 2 s further, whatever the clock says.
  nowMs += 60_000;
  steady.saw(8200);
  expect('a pause', 8200);
  steady.replaced();
  steady.saw(3000);
  expect('another past', 3000);
  return wrong;
}

/** A key that rises for ten seconds and then rests for a minute; the leader dies ten seconds into a rest: what the heir brings, in words. */
async function broughtWhileAtRest(): Promise<readonly string[]> {
  const stream = new Stream();
  await stream.start({ predict: { ...defaultPredictPolicy, stepMs: 1000, horizon: 24, minConfidence: 0 } });
  for (let burst = 0; burst < 5; burst++) {
    await stream.rising('p/x', 10, (second) => String(100 * burst + second));
    if (burst < 4) for (let rest = 0; rest < 30; rest++) await stream.pause();
  }
  const during = stream.prediction.preApply(0);
  for (let rest = 0; rest < 5; rest++) await stream.pause();
  const wrong: string[] = [];
  if (during.length !== 1) wrong.push(`${during.length} predictions within a burst`);
  const [at] = [...stream.prediction.tracked];
  const changes = stream.prediction.changesOf(at!);
  if (changes.length !== 24) wrong.push('how likely it is to change is not known');
  const brought = stream.prediction.preApply(0);
  if (brought.length > 0) wrong.push(`${brought[0]!.value} in place of what it still is`);
  return wrong;
}

testEachMutant({
  'pre-applied-without-change': broughtWhileAtRest,
  'table-keeps-forgotten': leftOfDeleted,
  'nothing-brought-after-opening': predictedBehindTheLog,
  'brought-before-caught-up': predictedBehindTheLog,
  'late-changes-set-time-back': timeAfterLateBlocks,
});
