import { present } from '../../foundation/assert.ts';
import type { Random } from '../../foundation/random.ts';
import { adam, adamStep } from '../../prediction/neural/adam.ts';
import { primitiveEncoder } from '../../prediction/neural/encoder.ts';
import type { NetworkSize } from '../../prediction/neural/network.ts';
import {
  type Computation,
  compile,
  type FloatTensor,
  type FloatTensors,
} from '../../prediction/onnx/computation.ts';
import { gradients } from '../../prediction/onnx/gradient.ts';
import { Graph, type Tensor } from '../../prediction/onnx/graph.ts';
import { operators } from '../../prediction/onnx/operators.ts';

export interface ItemNetworkSize {
  /** Blocks of items that the encoder reads, what one of them says, and the state. */
  readonly steps: number;
  readonly features: number;
  readonly hidden: number;
  /** Items that it knows. */
  readonly items: number;
  readonly batch: number;
}

/**
 * The project's recurrent encoder over blocks of requests, and for each known item the probability that it is asked for yet: `sigmoid(state · W + b)`, trained
 * with the cross-entropy of each. Runs ONNX Runtime, which holds its thread: in a process that serves nobody.
 */
export interface ItemNetwork {
  /** `x`: [steps, 1, features]. Returns [items]. */
  probabilities(x: Float32Array): Promise<Float32Array>;
  /** `x`: [steps, batch, features], `truth`: [batch, items] of 0 and 1. Returns the loss before the step. */
  step(x: Float32Array, truth: Float32Array, rate: number): Promise<number>;
  /** An item that is another from now on: its answers begin anew. */
  reset(item: number): void;
  close(): Promise<void>;
}

interface Spec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly fanIn: number;
}

function specs({ features, hidden, items }: ItemNetworkSize): readonly Spec[] {
  return [
    { name: 'gru.input', dims: [1, 3 * hidden, features], fanIn: features },
    { name: 'gru.recurrent', dims: [1, 3 * hidden, hidden], fanIn: hidden },
    { name: 'gru.bias', dims: [3 * hidden], fanIn: 0 },
    { name: 'out.weight', dims: [hidden, items], fanIn: hidden },
    { name: 'out.bias', dims: [items], fanIn: 0 },
  ];
}

const epsilon = 1e-5;
const clipNorm = 5;

/** @throws `prediction-failed` where ONNX Runtime cannot be loaded */
export async function openItemNetwork(size: ItemNetworkSize, random: Random): Promise<ItemNetwork> {
  const all = specs(size);
  const state: Record<string, FloatTensor> = {};
  for (const { name, dims, fanIn } of all) {
    const count = dims.reduce((product, each) => product * each, 1);
    const reach = fanIn === 0 ? 0 : Math.sqrt(3 / fanIn);
    const data = Float32Array.from({ length: count }, () => (2 * random.next() - 1) * reach);
    state[name] = { dims, data };
    for (const moment of ['m', 'v']) state[`${name}.${moment}`] = { dims, data: new Float32Array(count) };
  }
  // Nothing is likely until it was seen.
  present(state['out.bias'], 'a bias').data.fill(-4);
  const training = await compile(trainingGraph(size));
  const inference = await compile(inferenceGraph(size));
  let count = 0;
  return {
    async probabilities(x) {
      const weights = Object.fromEntries(
        all.map(({ name }) => [name, present(state[name], 'every weight is kept')]),
      );
      const result = await inference.run({
        x: { dims: [size.steps, 1, size.features], data: x },
        ...weights,
      });
      return present(result.probabilities, 'the answer').data;
    },
    async step(x, truth, rate) {
      count++;
      const result = await run(training, {
        ...state,
        x: { dims: [size.steps, size.batch, size.features], data: x },
        truth: { dims: [size.batch, size.items], data: truth },
        rate: one(rate),
        clip: one(clipNorm),
        correction1: one(1 - adam.beta1 ** count),
        correction2: one(1 - adam.beta2 ** count),
      });
      for (const name of Object.keys(state))
        state[name] = present(result[`${name}.next`], 'a value for every state');
      return present(result.loss, 'the loss').data[0] ?? Number.NaN;
    },
    reset(item) {
      for (let row = 0; row < size.hidden; row++)
        present(state['out.weight'], 'weights').data[row * size.items + item] = 0;
      present(state['out.bias'], 'a bias').data[item] = -4;
    },
    async close() {
      await training.close();
      await inference.close();
    },
  };
}

const run = (computation: Computation, inputs: FloatTensors): Promise<FloatTensors> =>
  computation.run(inputs);
const one = (value: number): FloatTensor => ({ dims: [1], data: new Float32Array([value]) });

/** Inputs `x` and the weights; [batch, items]. */
function forward(
  graph: Graph,
  size: ItemNetworkSize,
  batch: number,
): { readonly answer: Tensor; readonly weights: Map<string, Tensor> } {
  const o = operators(graph);
  const { steps, features, hidden, items } = size;
  const x = graph.input('x', [steps, batch, features]);
  const weights = new Map(specs(size).map(({ name, dims }) => [name, graph.input(name, dims)]));
  const of = (name: string): Tensor => present(weights.get(name), 'every weight is an input');
  const encoder: NetworkSize = { steps, features, hidden, references: 0, facts: 0, inner: 0 };
  const state = primitiveEncoder(graph, encoder, x, {
    input: of('gru.input'),
    recurrent: of('gru.recurrent'),
    bias: of('gru.bias'),
  });
  const flat = o.reshape(state, [batch, hidden]);
  return {
    answer: o.reshape(o.sigmoid(o.add(o.matMul(flat, of('out.weight')), of('out.bias'))), [batch, items]),
    weights,
  };
}

function inferenceGraph(size: ItemNetworkSize): Graph {
  const graph = new Graph('items');
  graph.output('probabilities', operators(graph).reshape(forward(graph, size, 1).answer, [size.items]));
  return graph;
}

function trainingGraph(size: ItemNetworkSize): Graph {
  const graph = new Graph('items-training-step');
  const o = operators(graph);
  const { answer, weights } = forward(graph, size, size.batch);
  const truth = graph.input('truth', [size.batch, size.items]);
  // Away from 0 and 1, where the logarithm has no end.
  const p = o.add(o.mul(answer, graph.scalar(1 - 2 * epsilon)), graph.scalar(epsilon));
  const not = (a: Tensor): Tensor => o.sub(graph.scalar(1), a);
  const right = o.add(o.mul(truth, o.log(p)), o.mul(not(truth), o.log(not(p))));
  const loss = o.mul(o.reduceSum(right, [0, 1]), graph.scalar(-1 / size.batch));
  const names = [...weights.keys()];
  const inputs = [...weights.values()];
  const ofWeights = gradients(graph, loss, inputs);
  graph.output('loss', o.reshape(loss, [1]));
  adamStep(
    graph,
    names.map((name, i) => ({
      name,
      value: present(inputs[i], 'a weight'),
      gradient: present(ofWeights[i], 'a gradient for every weight'),
    })),
  );
  return graph;
}
