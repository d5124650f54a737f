import { present } from '../../foundation/assert.ts';
import type { Graph, Tensor } from '../onnx/graph.ts';
import { operators } from '../onnx/operators.ts';
import { known } from '../onnx/shapes.ts';
import type { NetworkSize } from './network.ts';

/** Weights of the encoder, in the layout of `weightSpecs`. */
export interface EncoderWeights {
  readonly input: Tensor;
  readonly recurrent: Tensor;
  readonly bias: Tensor;
}

/** The state after the last step, [1, batch, hidden], by the operator `GRU`. `x`: [steps, batch, features] */
export function operatorEncoder(
  graph: Graph,
  size: NetworkSize,
  x: Tensor,
  { input, recurrent, bias }: EncoderWeights,
): Tensor {
  const { hidden } = size;
  const o = operators(graph);
  // The operator has a bias at the input and one at the state; with `linear_before_reset` 0 they only add up, so the second is zero.
  const both = graph.add(
    'Unsqueeze',
    [o.concat([bias, o.zeros([3 * hidden])], 0), graph.integers([0])],
    [1, 6 * hidden],
  );
  const state = graph.fresh([1, present(x.shape[1], 'the batch'), hidden]);
  graph.nodes.push({
    operator: 'GRU',
    inputs: [x, input, recurrent, both],
    outputs: [null, state],
    attributes: { hidden_size: hidden, linear_before_reset: 0 },
  });
  return state;
}

/**
 * The same of primitives, unrolled over the steps, so that it can be differentiated (back-propagation through time). With gates z
 * (update), r (reset) and candidate h̃: `h ← (1 − z) · h̃ + z · h` (ONNX operator GRU; Cho et al. 2014).
 */
export function primitiveEncoder(
  graph: Graph,
  size: NetworkSize,
  x: Tensor,
  { input, recurrent, bias }: EncoderWeights,
): Tensor {
  const { steps, features, hidden } = size;
  const o = operators(graph);
  const one = graph.scalar(1);
  const batch = known(x.shape[1]);
  const inputByColumn = o.transpose(o.reshape(input, [3 * hidden, features]), [1, 0]);
  const recurrentByColumn = o.transpose(o.reshape(recurrent, [3 * hidden, hidden]), [1, 0]);
  const [gatesOfState, candidateOfState] = o.split(recurrentByColumn, 1, [2 * hidden, hidden]);
  // All steps' inputs in one product; the parts' gradients are joined again by one node.
  const projected = o.add(o.matMul(x, inputByColumn), bias);
  let state = o.zeros([1, batch, hidden]);
  for (const ofInput of o.split(
    projected,
    0,
    Array.from({ length: steps }, () => 1),
  )) {
    const [gatesOfInput, candidateOfInput] = o.split(ofInput, 2, [2 * hidden, hidden]);
    const gates = o.sigmoid(o.add(part(gatesOfInput), o.matMul(state, part(gatesOfState))));
    const [update, reset] = o.split(gates, 2, [hidden, hidden]).map(part);
    const candidate = o.tanh(
      o.add(part(candidateOfInput), o.matMul(o.mul(part(reset), state), part(candidateOfState))),
    );
    state = o.add(o.mul(o.sub(one, part(update)), candidate), o.mul(part(update), state));
  }
  return state;
}

const part = (tensor: Tensor | undefined): Tensor => present(tensor, 'a part of a split');
