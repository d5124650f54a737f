import { assert, present } from '../../foundation/assert.ts';
import type { Graph, Shape, Tensor } from './graph.ts';
import { broadcast, count, known, last } from './shapes.ts';

/** The primitives that graphs are made of: each has a rule in `gradient.ts`, and the shape of its result is known at once. */
export const operators = (graph: Graph) => {
  const elementwise = (operator: string) => (a: Tensor, b: Tensor) =>
    graph.add(operator, [a, b], broadcast(a.shape, b.shape));
  const unary = (operator: string) => (a: Tensor) => graph.add(operator, [a], a.shape);

  /** `a` [..., inner] times `b` [inner, outer] */
  const matMul = (a: Tensor, b: Tensor): Tensor => {
    assert(
      b.shape.length === 2 && last(a.shape) === b.shape[0],
      `no product of [${a.shape}] and [${b.shape}]`,
    );
    return graph.add('MatMul', [a, b], [...a.shape.slice(0, -1), last(b.shape)]);
  };
  /** Sum over axes (not negative); `keep`: they stay, of size 1. */
  const reduceSum = (a: Tensor, axes: readonly number[], keep = false): Tensor => {
    const shape = keep
      ? a.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : a.shape.filter((_, axis) => !axes.includes(axis));
    return graph.add('ReduceSum', [a, graph.integers(axes)], shape, { keepdims: keep ? 1 : 0 });
  };
  const reshape = (a: Tensor, shape: readonly number[]): Tensor => {
    assert(count(a.shape) === count(shape), `[${a.shape}] cannot take the shape [${shape}]`);
    return graph.add('Reshape', [a, graph.integers(shape)], shape);
  };
  const transpose = (a: Tensor, perm: readonly number[]): Tensor =>
    graph.add(
      'Transpose',
      [a],
      perm.map((axis) => present(a.shape[axis], 'an axis to transpose is there')),
      { perm },
    );
  /** Parts of the given sizes along an axis. */
  const split = (a: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] => {
    assert(
      sizes.reduce((sum, size) => sum + size, 0) === known(a.shape[axis]),
      `parts ${sizes} do not fill axis ${axis} of [${a.shape}]`,
    );
    const parts = sizes.map((size) => graph.fresh(a.shape.map((old, at) => (at === axis ? size : old))));
    graph.nodes.push({
      operator: 'Split',
      inputs: [a, graph.integers(sizes)],
      outputs: parts,
      attributes: { axis },
    });
    return parts;
  };
  const concat = (parts: readonly Tensor[], axis: number): Tensor => {
    const first = present(parts[0], 'parts to join');
    const size = parts.reduce((sum, part) => sum + known(part.shape[axis]), 0);
    return graph.add(
      'Concat',
      parts,
      first.shape.map((old, at) => (at === axis ? size : old)),
      { axis },
    );
  };
  /** Sum of values of one shape. */
  const sum = (terms: readonly Tensor[]): Tensor => {
    const first = present(terms[0], 'terms to add');
    return terms.length === 1 ? first : graph.add('Sum', terms, first.shape);
  };
  /** Over the last axis. */
  const softmax = (a: Tensor): Tensor => graph.add('Softmax', [a], a.shape, { axis: -1 });
  const zeros = (shape: Shape): Tensor =>
    graph.constant(
      Array.from({ length: count(shape) }, () => 0),
      shape.map(known),
    );

  return {
    matMul,
    add: elementwise('Add'),
    sub: elementwise('Sub'),
    mul: elementwise('Mul'),
    div: elementwise('Div'),
    /** Has no gradient: for what lies outside the loss. */
    min: elementwise('Min'),
    sigmoid: unary('Sigmoid'),
    tanh: unary('Tanh'),
    relu: unary('Relu'),
    sqrt: unary('Sqrt'),
    exp: unary('Exp'),
    log: unary('Log'),
    abs: unary('Abs'),
    sign: unary('Sign'),
    neg: unary('Neg'),
    softmax,
    reduceSum,
    reduceMean: (a: Tensor, axes: readonly number[], keep = false): Tensor => {
      const size = axes.reduce((product, axis) => product * known(a.shape[axis]), 1);
      return elementwise('Mul')(reduceSum(a, axes, keep), graph.scalar(1 / size));
    },
    reshape,
    transpose,
    split,
    concat,
    sum,
    zeros,
  };
};

export type Operators = ReturnType<typeof operators>;
