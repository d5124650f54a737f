/** A process that exits while its worker trains: `node exit-in-work.js CODE DELAY_MS`. */
import { seededRandom } from '../../../src/foundation/random.ts';
import { networkSize } from '../../../src/prediction/neural/features/window.ts';
import { adapt } from '../../../src/prediction/neural/learning.ts';
import { initialWeights } from '../../../src/prediction/neural/network.ts';
import { startWorker } from '../../../src/prediction/worker/host.ts';

const [code, delayMs] = process.argv.slice(2).map(Number);
const size = networkSize(16, 16);
const worker = startWorker({
  schedule: (waitMs, act) => {
    const timer = setTimeout(act, waitMs);
    return { cancel: () => clearTimeout(timer) };
  },
});
const random = seededRandom('exit');
const model = {
  name: 'exit',
  version: 1,
  size,
  weights: initialWeights(size, random),
  statistics: { seed: 'exit', from: null, steps: 0, series: 0, values: 0, heldOut: null },
};
const values = Float64Array.from({ length: 500 }, () => random.next());
void adapt(worker, model, [{ values, seasons: [] }], { steps: 1_000_000 });
setTimeout(() => process.exit(code), delayMs);
