import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { FloatTensor } from '../onnx/computation.ts';
import { KeptComputations } from '../onnx/kept-computations.ts';
import { adam } from './adam.ts';
import { trainingGraph } from './graphs.ts';
import type { Batch } from './network.ts';
import { type NetworkSize, weightSpecs, weightTensors } from './network.ts';

/** A batch with what the targets turned out to be, and what an error counts: both [windows, targets]. */
export interface Lesson extends Batch {
  readonly truth: Float32Array;
  readonly importance: Float32Array;
}

/** Trains one set of weights, a step a call. */
export interface Trainer {
  /** Returns the loss before the step. @throws `prediction-failed` the loss is no number: the data or the rate are out of bounds */
  step(lesson: Lesson, rate: number): Promise<number>;
  /** A copy of the weights as they are. */
  weights(): Float32Array;
  close(): Promise<void>;
}

/** Largest norm of a gradient; longer ones are shortened (Pascanu et al. 2013). */
const clipNorm = 1;

/** All that a trainer learns is in what goes into a step and comes out of it: one compiled step serves all trainers of a shape. */
const compiledSteps = new KeptComputations();

export async function openTrainer(
  size: NetworkSize,
  start: Float32Array,
  windows: number,
  targets: number,
  steps: KeptComputations = compiledSteps,
): Promise<Trainer> {
  const specs = weightSpecs(size);
  const shape = JSON.stringify([size, windows, targets]);
  const step = await steps.use(shape, () => trainingGraph(size, windows, targets));
  const state: Record<string, FloatTensor> = {};
  for (const [name, { dims, data }] of Object.entries(weightTensors(size, start))) {
    state[name] = { dims, data: data.slice() };
    state[`${name}.m`] = { dims, data: new Float32Array(data.length) };
    state[`${name}.v`] = { dims, data: new Float32Array(data.length) };
  }
  const one = (value: number): FloatTensor => ({ dims: [1], data: new Float32Array([value]) });
  let count = 0;
  return {
    async step(lesson, rate) {
      count += 1;
      const of = (data: Float32Array, ...dims: number[]): FloatTensor => ({ data, dims });
      const result = await step.run({
        ...state,
        recent: of(lesson.recent, size.steps, windows, size.features),
        facts: of(lesson.facts, windows, targets, size.facts),
        references: of(lesson.references, windows, targets, size.references),
        truth: of(lesson.truth, windows, targets),
        importance: of(lesson.importance, windows, targets),
        rate: one(rate),
        clip: one(clipNorm),
        correction1: one(1 - adam.beta1 ** count),
        correction2: one(1 - adam.beta2 ** count),
      });
      const loss = result.loss?.data[0] ?? Number.NaN;
      const norm = result.norm?.data[0] ?? Number.NaN;
      if (!Number.isFinite(loss) || !Number.isFinite(norm))
        throw new TanistError(
          'prediction-failed',
          `training diverged at step ${count}; train with a lower rate`,
        );
      for (const name of Object.keys(state))
        state[name] = present(result[`${name}.next`], 'a value for every state');
      return loss;
    },
    weights() {
      const parts = specs.map(({ name }) => present(state[name], 'every weight is kept').data);
      const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let offset = 0;
      for (const part of parts) {
        all.set(part, offset);
        offset += part.length;
      }
      return all;
    },
    close: () => step.close(),
  };
}
