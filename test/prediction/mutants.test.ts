import type { MutantName } from '../../src/foundation/mutants.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { ConformalIntervals } from '../../src/prediction/confidence/conformal.ts';
import { InputSeries } from '../../src/prediction/inputs/input-series.ts';
import { lessonBook } from '../../src/prediction/learning/lesson-book.ts';
import { localUpdate } from '../../src/prediction/learning/local-update.ts';
import { roundDefaults } from '../../src/prediction/learning/options.ts';
import { roundRandom, trainingRound } from '../../src/prediction/learning/round.ts';
import { norm } from '../../src/prediction/neural/federated.ts';
import { baseModelFile, loadModel } from '../../src/prediction/neural/model-file.ts';
import { mostCallMs, OnlineEngine } from '../../src/prediction/online/engine.ts';
import { onlineCandidates } from '../../src/prediction/online/online-candidates.ts';
import { selectionChooser } from '../../src/prediction/online/selected-model.ts';
import { selectBestModel } from '../../src/prediction/selection/select-best-model.ts';
import { testEachMutant } from '../each-mutant.ts';
import { drifting, parts, quick, small, stored, walk } from './learning/processes.ts';
import { autoregressive, historyOf, normal } from './processes.ts';

/** What goes wrong with the fault, in words; empty: nothing is noticed. */
const checks: Partial<Record<MutantName, () => Promise<readonly string[]>>> = {
  'intervals-ignore-new-residuals': async () => {
    const random = seededRandom('grown');
    const intervals = new ConformalIntervals(1, 0.9, 150, 0.025);
    let within = 0;
    for (let i = 0; i < 1000; i++) {
      const truth = (i < 100 ? 1 : 6) * normal(random);
      const [down, up] = intervals.ends(0);
      if (i >= 400 && truth >= down && truth <= up) within++;
      intervals.observe(0, truth, 0, down, up);
    }
    return within / 600 > 0.86 ? [] : [`${within / 600} of the truths are within 90 % intervals`];
  },
  'selection-sees-future': async () => {
    const values = autoregressive(seededRandom('future'), 300, 0.7, 30);
    const at = 240;
    const [known, other] = await Promise.all(
      [values, values.map((value, i) => (i < at ? value : 50 * value))].map(async (all) => {
        const means = new Map<number, string>();
        const options = { candidates: onlineCandidates, horizon: 6 };
        await selectBestModel(historyOf(all), options, (origin, _, { mean }) =>
          means.set(origin, mean.join()),
        );
        return means;
      }),
    );
    return [...known!]
      .filter(([origin, mean]) => origin <= at && other!.get(origin) !== mean)
      .map(([origin]) => `what was forecast of ${origin} values knows what came after them`);
  },
  'input-known-early': async () => {
    const series = new InputSeries(1);
    for (let second = 1; second <= 5; second++) series.observe(second * 1000, second);
    const [value] = series.sample(3999, 1000, 1);
    return value === 3 ? [] : [`at 3.999 s it is ${value}, which was known later`];
  },
  'call-without-end': async () => {
    // Of each second of the clock the process gets 20 ms.
    let nowMs = 0;
    const look = (): number => (nowMs += 10);
    const engine = new OnlineEngine({
      chooser: selectionChooser({ candidates: () => onlineCandidates, level: 0.9, onFault: () => {} }),
      nowMs: look,
      cpuMs: () => nowMs / 50,
      memoryBytes: () => 0,
      breathe: async () => {},
    });
    const ids = Array.from({ length: 100 }, (_, id) => id);
    const defined = ids.map((id) => ({ id, name: `s${id}`, stepMs: 1000, horizon: 4, value: 1 }));
    const rowsOf = (second: number): number[] =>
      ids.flatMap((id) => [id, second * 1000, (second * (1 + id)) % 7, second]);
    const options = { cpu: 0.1, level: 0.9 };
    const wrong: string[] = [];
    let choices = 0;
    for (let second = 0; second < 70; second++) {
      const rows =
        second === 0 ? Array.from({ length: 30 }, (_, i) => rowsOf(i)).flat() : rowsOf(30 + second);
      const beganMs = nowMs;
      const { figures } = await engine.observe({
        forgotten: [],
        defined: second === 0 ? defined : [],
        observations: Float64Array.from(rows),
        options,
      });
      // One that was begun in time is ended.
      if (nowMs - beganMs > mostCallMs + 100) wrong.push(`a call of ${nowMs - beganMs} ms`);
      choices = figures.choices;
    }
    if (choices < ids.length) wrong.push(`${choices} choices`);
    return wrong;
  },
  'model-published-uncompared': async () => {
    const base = await loadModel(baseModelFile);
    const options = { ...roundDefaults, steps: 10, windows: 8, targets: 4 };
    const walks = stored(Array.from({ length: 4 }, (_, index) => walk(400, `walk ${index}`)));
    const book = await lessonBook(walks, options, roundRandom(options));
    const { weights } = await trainingRound(base.size, base.weights, book, options, parts(base.size));
    return weights === null ? [] : ['what was learnt of random walks is published'];
  },
  'contribution-not-clipped': async () => {
    const series = [{ name: 's', history: { values: drifting(420), stepMs: 1000, endMs: 1e12 } }];
    const privacy = { clip: 0.05, noise: 0 };
    const { delta } = await localUpdate(small, series, { ...quick, steps: 15 }, privacy, parts(small.size));
    return norm(delta) <= privacy.clip * (1 + 1e-5) ? [] : [`a move of ${norm(delta)} left`];
  },
};

testEachMutant(checks);
