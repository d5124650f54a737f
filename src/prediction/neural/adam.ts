import type { Graph, Tensor } from '../onnx/graph.ts';
import { operators } from '../onnx/operators.ts';
import { known } from '../onnx/shapes.ts';

export interface Trained {
  readonly name: string;
  readonly value: Tensor;
  readonly gradient: Tensor;
}

export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/**
 * Clips the gradient to a norm and takes a step of Adam (Kingma and Ba 2015, algorithm 1). Scalars `rate` (learning rate), `clip` (largest
 * norm of the whole gradient), `correction1` and `correction2` (1 − β₁ᵗ, 1 − β₂ᵗ at step t = 1, 2, …) are inputs [1].
 */
export function adamStep(graph: Graph, all: readonly Trained[]): void {
  const o = operators(graph);
  const scalar = (name: string): Tensor => graph.input(name, [1]);
  const [rate, clip, correction1, correction2] = [
    scalar('rate'),
    scalar('clip'),
    scalar('correction1'),
    scalar('correction2'),
  ];
  const squares = all.map(({ gradient }) =>
    o.reshape(
      o.reduceSum(
        o.mul(gradient, gradient),
        gradient.shape.map((_, axis) => axis),
      ),
      [1],
    ),
  );
  const norm = o.sqrt(o.sum(squares));
  graph.output('norm', norm);
  const shrink = o.min(graph.constant([1], [1]), o.div(clip, o.add(norm, graph.constant([1e-12], [1]))));
  const blend = (old: Tensor, now: Tensor, beta: number): Tensor =>
    o.add(o.mul(old, graph.scalar(beta)), o.mul(now, graph.scalar(1 - beta)));
  for (const { name, value, gradient } of all) {
    const dims = value.shape.map(known);
    const clipped = o.mul(gradient, shrink);
    const mean = blend(graph.input(`${name}.m`, dims), clipped, adam.beta1);
    const square = blend(graph.input(`${name}.v`, dims), o.mul(clipped, clipped), adam.beta2);
    const deviation = o.add(o.sqrt(o.div(square, correction2)), graph.scalar(adam.epsilon));
    const step = o.mul(rate, o.div(o.div(mean, correction1), deviation));
    graph.output(`${name}.next`, o.sub(value, step));
    graph.output(`${name}.m.next`, mean);
    graph.output(`${name}.v.next`, square);
  }
}
