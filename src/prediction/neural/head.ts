import { present } from '../../foundation/assert.ts';
import type { Graph, Tensor } from '../onnx/graph.ts';
import { operators } from '../onnx/operators.ts';
import { known } from '../onnx/shapes.ts';
import { type NetworkSize, weightSpecs } from './network.ts';

/** The weights as inputs of a graph, by name. */
export type WeightInputs = ReadonlyMap<string, Tensor>;

export function weightInputs(graph: Graph, size: NetworkSize): WeightInputs {
  return new Map(weightSpecs(size).map(({ name, dims }) => [name, graph.input(name, dims)]));
}

export const weight = (weights: WeightInputs, name: string): Tensor =>
  present(weights.get(name), `the weights have no '${name}'`);

/**
 * Forecasts [batch, targets] from the encoder's state [1, batch, hidden], the facts [batch, targets, facts] and the references
 * [batch, targets, references].
 */
export function head(
  graph: Graph,
  size: NetworkSize,
  state: Tensor,
  facts: Tensor,
  references: Tensor,
  weights: WeightInputs,
): Tensor {
  const o = operators(graph);
  const of = (name: string): Tensor => weight(weights, name);
  const ofState = o.matMul(o.transpose(state, [1, 0, 2]), of('head.state'));
  const ofFacts = o.matMul(facts, of('head.facts'));
  const first = o.tanh(o.add(o.add(ofFacts, ofState), of('head.bias')));
  const second = o.tanh(o.add(o.matMul(first, of('mix.inner')), of('mix.innerBias')));
  const answers = o.add(o.matMul(second, of('mix.outer')), of('mix.outerBias'));
  const [scores, residual] = o.split(answers, 2, [known(size.references), 1]);
  const shares = o.softmax(present(scores, 'the scores of the references'));
  const mixed = o.reduceSum(o.mul(shares, references), [2]);
  return o.add(mixed, o.reduceSum(present(residual, 'the residual'), [2]));
}
