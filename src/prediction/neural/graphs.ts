import { present } from '../../foundation/assert.ts';
import { gradients } from '../onnx/gradient.ts';
import { type Dim, Graph, type Tensor } from '../onnx/graph.ts';
import { operators } from '../onnx/operators.ts';
import { adamStep } from './adam.ts';
import { operatorEncoder, primitiveEncoder } from './encoder.ts';
import { head, type WeightInputs, weight, weightInputs } from './head.ts';
import { type NetworkSize, weightSpecs } from './network.ts';

interface DataInputs {
  readonly recent: Tensor;
  readonly facts: Tensor;
  readonly references: Tensor;
}

function dataInputs(graph: Graph, size: NetworkSize, batch: Dim, targets: Dim): DataInputs {
  return {
    recent: graph.input('recent', [size.steps, batch, size.features]),
    facts: graph.input('facts', [batch, targets, size.facts]),
    references: graph.input('references', [batch, targets, size.references]),
  };
}

function forecastOf(
  graph: Graph,
  size: NetworkSize,
  encoder: typeof operatorEncoder,
  { recent, facts, references }: DataInputs,
  weights: WeightInputs,
): Tensor {
  const state = encoder(graph, size, recent, {
    input: weight(weights, 'gru.input'),
    recurrent: weight(weights, 'gru.recurrent'),
    bias: weight(weights, 'gru.bias'),
  });
  return head(graph, size, state, facts, references, weights);
}

/** Inputs `recent`, `facts`, `references` and the weights; output `forecast` [batch, targets]. Any batch, any number of targets. */
export function inferenceGraph(size: NetworkSize): Graph {
  const graph = new Graph('gru-forecast');
  const inputs = dataInputs(graph, size, 'batch', 'targets');
  graph.output('forecast', forecastOf(graph, size, operatorEncoder, inputs, weightInputs(graph, size)));
  return graph;
}

/** The forecast by primitives alone, for a fixed batch: what the training step differentiates. */
export function primitiveGraph(size: NetworkSize, batch: number, targets: number): Graph {
  const graph = new Graph('gru-primitive');
  const inputs = dataInputs(graph, size, batch, targets);
  graph.output('forecast', forecastOf(graph, size, primitiveEncoder, inputs, weightInputs(graph, size)));
  return graph;
}

/**
 * One step of training. Besides the data: `truth` [batch, targets], `importance` [batch, targets] (weights of the absolute errors), the
 * weights `NAME`, Adam's moments `NAME.m` and `NAME.v`, and the scalars of `adamStep`. Outputs: `loss` [1] (the weighted mean absolute error,
 * which is the pinball loss at the median, doubled), `norm` [1] of the gradient before clipping, `NAME.next`, `NAME.m.next`, `NAME.v.next`.
 */
export function trainingGraph(size: NetworkSize, batch: number, targets: number): Graph {
  const graph = new Graph('gru-training-step');
  const o = operators(graph);
  const inputs = dataInputs(graph, size, batch, targets);
  const weights = weightInputs(graph, size);
  const truth = graph.input('truth', [batch, targets]);
  const importance = graph.input('importance', [batch, targets]);
  const forecast = forecastOf(graph, size, primitiveEncoder, inputs, weights);
  const loss = o.reduceMean(o.mul(o.abs(o.sub(forecast, truth)), importance), [0, 1]);
  const names = weightSpecs(size).map(({ name }) => name);
  const ofWeights = gradients(
    graph,
    loss,
    names.map((name) => weight(weights, name)),
  );
  graph.output('loss', o.reshape(loss, [1]));
  adamStep(
    graph,
    names.map((name, index) => ({
      name,
      value: weight(weights, name),
      gradient: present(ofWeights[index], 'a gradient for every weight'),
    })),
  );
  return graph;
}
