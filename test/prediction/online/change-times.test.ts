import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import {
  ChangeTimes,
  halfSteps,
  learnEveryMs,
  mostChanges,
} from '../../../src/prediction/online/change-times.ts';
import { type RowHeader, rowLength, TableRow, writeRow } from '../../../src/prediction/online/table-row.ts';

const horizon = 12;
const stepMs = 1000;

/** After changes with these intervals. */
function after(intervalsMs: readonly number[]): ChangeTimes {
  const changes = new ChangeTimes();
  let timeMs = 1e12;
  changes.changed(timeMs);
  for (const each of intervalsMs) {
    timeMs += each;
    changes.changed(timeMs);
  }
  return changes;
}

function rowOf(changes: ChangeTimes): TableRow {
  const numbers = new Float64Array(rowLength(horizon));
  const none = new Float64Array(horizon);
  const header = { horizon, stepMs } as RowHeader;
  writeRow(numbers, 0, {
    header,
    confidence: () => 0,
    mean: none,
    lower: none,
    upper: none,
    within: changes.within,
  });
  return new TableRow(numbers);
}

const bursts = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (i % 10 === 9 ? 300_000 : 1000));

test('what changes every second changes within the next one, and its probability rises with the horizon', (t) => {
  const random = seededRandom('clock');
  const changes = after(Array.from({ length: 60 }, () => 990 + 20 * random.next()));
  t.true(changes.wants(stepMs));
  changes.learn(stepMs, horizon);
  const within = [...changes.within!];
  t.is(within.length, halfSteps(horizon));
  t.true(within[0]! < 0.1 && within[2]! > 0.9, String(within));
  t.deepEqual(
    within,
    within.toSorted((a, b) => a - b),
  );
});

test('what comes in bursts is not expected to change once it rests, and still is within one', (t) => {
  const changes = after(bursts(64));
  changes.learn(stepMs, horizon);
  const row = rowOf(changes);
  t.true(row.changeProbability(0, 1500)! > 0.8, String(row.changeProbability(0, 1500)));
  t.true(row.changeProbability(5000, 7500)! < 0.2, String(row.changeProbability(5000, 7500)));
  t.is(row.changeProbability(5000, 5000), 0);
  t.is(row.changeProbability(5000, 4000), 0, 'what is over is over');
  t.is(row.changeProbability(13_000, 14_000), null, 'nothing is told of what comes so late');
});

test('of a key that changes at random it is as often right as it says', (t) => {
  const random = seededRandom('random');
  const changes = after(Array.from({ length: 127 }, () => -4000 * Math.log(1 - random.next())));
  changes.learn(stepMs, horizon);
  const row = rowOf(changes);
  for (const knownMs of [0, 3000, 8000]) {
    const said = row.changeProbability(knownMs, knownMs + 4000)!;
    t.true(Math.abs(said - (1 - Math.exp(-1))) < 0.12, `${knownMs}: ${said}`);
  }
});

test('too few changes say nothing, nor do those of a key of another horizon', (t) => {
  const changes = after(bursts(20));
  t.false(changes.wants(stepMs));
  t.is(rowOf(changes).changeProbability(0, 1000), null);
  const more = after(bursts(40));
  more.learn(stepMs, 3);
  t.is(rowOf(more).changeProbability(0, 1000), null);
});

test('the cost is bounded: learnt anew at few lengths, then every five minutes, at once where the step is another', (t) => {
  const changes = new ChangeTimes();
  let learnt = 0;
  for (let second = 0; second < 3600; second++) {
    changes.changed(1e12 + second * 1000);
    if (!changes.wants(stepMs)) continue;
    changes.learn(stepMs, 1);
    learnt++;
  }
  t.true(learnt <= 3 + 3_600_000 / learnEveryMs, String(learnt));
  t.true(changes.wants(2 * stepMs));
  t.false(changes.wants(0), 'no step is known');
  const seldom = after(Array.from({ length: mostChanges + 50 }, () => learnEveryMs));
  seldom.learn(stepMs, 1);
  seldom.changed(seldom.lastMs + learnEveryMs);
  t.true(seldom.wants(stepMs), 'what changes seldom is learnt from at each change');
});

test('several changes of one moment are one, and a clock that goes back takes with it what was later', (t) => {
  const changes = after(bursts(30));
  const { lastMs } = changes;
  changes.changed(lastMs);
  t.is(changes.lastMs, lastMs);
  changes.changed(lastMs - 10_500);
  t.is(changes.lastMs, lastMs - 10_500);
  changes.changed(Number.NaN);
  t.is(changes.lastMs, lastMs - 10_500);
});
