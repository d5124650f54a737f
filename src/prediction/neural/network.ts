import { assert } from '../../foundation/assert.ts';
import type { Random } from '../../foundation/random.ts';
import type { FloatTensor } from '../onnx/computation.ts';

/**
 * Sizes of the network. An encoder, a GRU, reads the last `steps` steps of a series; a head answers for each target step from the
 * encoder's state and from what is known of the target beforehand: `references`, simple forecasts of it, and `facts` about them. Its
 * answer is a weighted mean of the references (weights by softmax) plus a residual, so that it starts from the best simple forecast and
 * follows the series to whatever level it goes.
 */
export interface NetworkSize {
  readonly steps: number;
  readonly features: number;
  readonly hidden: number;
  readonly references: number;
  readonly facts: number;
  readonly inner: number;
}

/** A weight matrix's place in the flat array of all weights. */
export interface WeightSpec {
  readonly name: string;
  readonly dims: readonly number[];
  /** Number of values that one output sums over: the scale of the initial values. 0: starts at zero. */
  readonly fanIn: number;
}

/** In the layout of the ONNX operator `GRU`: gates z, r, h; [directions, 3·hidden, …]. */
export function weightSpecs(size: NetworkSize): readonly WeightSpec[] {
  const { features, hidden, references, facts, inner } = size;
  return [
    { name: 'gru.input', dims: [1, 3 * hidden, features], fanIn: features },
    { name: 'gru.recurrent', dims: [1, 3 * hidden, hidden], fanIn: hidden },
    { name: 'gru.bias', dims: [3 * hidden], fanIn: 0 },
    { name: 'head.state', dims: [hidden, inner], fanIn: hidden },
    { name: 'head.facts', dims: [facts, inner], fanIn: facts },
    { name: 'head.bias', dims: [inner], fanIn: 0 },
    { name: 'mix.inner', dims: [inner, inner], fanIn: inner },
    { name: 'mix.innerBias', dims: [inner], fanIn: 0 },
    { name: 'mix.outer', dims: [inner, references + 1], fanIn: 4 * inner },
    { name: 'mix.outerBias', dims: [references + 1], fanIn: 0 },
  ];
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, each) => product * each, 1);

export function weightCount(size: NetworkSize): number {
  return weightSpecs(size).reduce((sum, { dims }) => sum + sizeOf(dims), 0);
}

/** Views of the flat array, by name. */
export function weightTensors(size: NetworkSize, weights: Float32Array): Record<string, FloatTensor> {
  assert(
    weights.length === weightCount(size),
    `${weights.length} weights for a network of ${weightCount(size)}`,
  );
  const tensors: Record<string, FloatTensor> = {};
  let offset = 0;
  for (const { name, dims } of weightSpecs(size)) {
    const length = sizeOf(dims);
    tensors[name] = { dims, data: weights.subarray(offset, offset + length) };
    offset += length;
  }
  return tensors;
}

/** Uniform in ± √(3/fanIn) (LeCun, Efficient BackProp, 4.6). */
export function initialWeights(size: NetworkSize, random: Random): Float32Array {
  const weights = new Float32Array(weightCount(size));
  let offset = 0;
  for (const { dims, fanIn } of weightSpecs(size)) {
    const reach = fanIn === 0 ? 0 : Math.sqrt(3 / fanIn);
    for (const end = offset + sizeOf(dims); offset < end; offset++)
      weights[offset] = (2 * random.next() - 1) * reach;
  }
  return weights;
}

/** Input arrays of a batch, as the graphs want them. */
export interface Batch {
  readonly windows: number;
  readonly targets: number;
  readonly recent: Float32Array;
  readonly facts: Float32Array;
  readonly references: Float32Array;
}
