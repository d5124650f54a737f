import { assert, present } from '../../foundation/assert.ts';
import type { Graph, Node, Tensor } from './graph.ts';
import { type Operators, operators } from './operators.ts';
import { count, known, last, repeatedAxes, sameShape } from './shapes.ts';

/** Gradients of a node's inputs, given those of its outputs (`null`: nothing depends on that output); `null`: no gradient. */
type Rule = (
  o: Operators,
  node: Node,
  gradients: readonly (Tensor | null)[],
  graph: Graph,
) => readonly (Tensor | null)[];

const at = (node: Node, input: number): Tensor => present(node.inputs[input], 'an input of the node');
const result = (node: Node): Tensor => present(node.outputs[0], 'the output of the node');
const only = (gradients: readonly (Tensor | null)[]): Tensor => present(gradients[0], 'its gradient');

/** Undoes broadcasting: what was repeated adds up. */
function reduceTo(o: Operators, gradient: Tensor, to: Tensor): Tensor {
  if (sameShape(gradient.shape, to.shape)) return gradient;
  const summed = o.reduceSum(gradient, repeatedAxes(to.shape, gradient.shape));
  return sameShape(summed.shape, to.shape) ? summed : o.reshape(summed, to.shape.map(known));
}

const binary =
  (rule: (o: Operators, g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor]): Rule =>
  (o, node, gradients) => {
    const a = at(node, 0);
    const b = at(node, 1);
    const [da, db] = rule(o, only(gradients), a, b, result(node));
    return [reduceTo(o, da, a), reduceTo(o, db, b)];
  };

const unary =
  (rule: (o: Operators, g: Tensor, x: Tensor, y: Tensor, graph: Graph) => Tensor): Rule =>
  (o, node, gradients, graph) => [rule(o, only(gradients), at(node, 0), result(node), graph)];

const rows = (o: Operators, a: Tensor): Tensor =>
  a.shape.length === 2 ? a : o.reshape(a, [count(a.shape.slice(0, -1)), known(last(a.shape))]);

const rules: Readonly<Record<string, Rule>> = {
  Identity: unary((_, g) => g),
  Add: binary((_, g) => [g, g]),
  Sub: binary((o, g) => [g, o.neg(g)]),
  Mul: binary((o, g, a, b) => [o.mul(g, b), o.mul(g, a)]),
  Div: binary((o, g, _, b, y) => [o.div(g, b), o.neg(o.div(o.mul(g, y), b))]),
  Sigmoid: unary((o, g, _, y, graph) => o.mul(g, o.mul(y, o.sub(graph.scalar(1), y)))),
  Tanh: unary((o, g, _, y, graph) => o.mul(g, o.sub(graph.scalar(1), o.mul(y, y)))),
  Relu: unary((o, g, _, y) => o.mul(g, o.sign(y))),
  Sqrt: unary((o, g, _, y, graph) => o.div(g, o.mul(graph.scalar(2), y))),
  Exp: unary((o, g, _, y) => o.mul(g, y)),
  Log: unary((o, g, x) => o.div(g, x)),
  Abs: unary((o, g, x) => o.mul(g, o.sign(x))),
  Neg: unary((o, g) => o.neg(g)),
  Softmax: unary((o, g, _, y) => {
    const gy = o.mul(g, y);
    return o.sub(gy, o.mul(y, o.reduceSum(gy, [gy.shape.length - 1], true)));
  }),
  MatMul: (o, node, gradients) => {
    const g = only(gradients);
    const b = at(node, 1);
    const a = at(node, 0);
    return [o.matMul(g, o.transpose(b, [1, 0])), o.matMul(o.transpose(rows(o, a), [1, 0]), rows(o, g))];
  },
  ReduceSum: (o, node, gradients, graph) => {
    const g = only(gradients);
    const x = at(node, 0);
    const ones = graph.constant(
      Array.from({ length: count(x.shape) }, () => 1),
      x.shape.map(known),
    );
    return [o.mul(o.reshape(g, keptAxes(graph, node, x)), ones), null];
  },
  Reshape: (o, node, gradients) => [o.reshape(only(gradients), at(node, 0).shape.map(known)), null],
  Transpose: (o, node, gradients) => {
    const perm = node.attributes.perm;
    assert(Array.isArray(perm), 'a transposition has its permutation');
    return [
      o.transpose(
        only(gradients),
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },
  Split: (o, node, gradients) => {
    const axis = node.attributes.axis;
    assert(typeof axis === 'number', 'a split has its axis');
    const parts = node.outputs.map(
      (part, index) => gradients[index] ?? o.zeros(present(part, 'a part').shape),
    );
    return [o.concat(parts, axis), null];
  },
  Concat: (o, node, gradients) => {
    const axis = node.attributes.axis;
    assert(typeof axis === 'number', 'a concatenation has its axis');
    const sizes = node.inputs.map((part) => known(part?.shape[axis]));
    return o.split(only(gradients), axis, sizes);
  },
  Sum: (_, node, gradients) => node.inputs.map(() => only(gradients)),
};

/** The shape of a sum's input with the summed axes of size 1. */
function keptAxes(graph: Graph, node: Node, x: Tensor) {
  const axes = graph.constants.find(({ name }) => name === at(node, 1).name)?.data;
  return x.shape.map((size, axis) => (axes?.some((each) => Number(each) === axis) ? 1 : known(size)));
}

/**
 * Adds to the graph what computes the gradient of a scalar with respect to each of `of` (reverse-mode differentiation: Griewank and
 * Walther, Evaluating Derivatives, chapter 3). Sizes must be known. A value that the scalar does not depend on has gradient zero.
 */
export function gradients(graph: Graph, scalar: Tensor, of: readonly Tensor[]): readonly Tensor[] {
  assert(count(scalar.shape) === 1, `the gradient of one number, not of [${scalar.shape}]`);
  const o = operators(graph);
  const needed = dependents(graph, of);
  const partials = new Map<string, Tensor[]>([[scalar.name, [graph.constant([1], scalar.shape.map(known))]]]);
  const total = (of: Tensor | null): Tensor | null => {
    const terms = of === null ? undefined : partials.get(of.name);
    return terms === undefined ? null : o.sum(terms);
  };
  for (const node of graph.nodes.slice().reverse()) {
    if (!node.outputs.some((output) => output !== null && needed.has(output.name))) continue;
    const arriving = node.outputs.map(total);
    if (arriving.every((each) => each === null)) continue;
    const rule = rules[node.operator];
    assert(rule !== undefined, `no gradient of ${node.operator}`);
    rule(o, node, arriving, graph).forEach((partial, index) => {
      const input = node.inputs[index];
      if (partial === null || input === null || input === undefined || !needed.has(input.name)) return;
      partials.set(input.name, [...(partials.get(input.name) ?? []), partial]);
    });
  }
  return of.map((each) => total(each) ?? o.zeros(each.shape));
}

/** Names of all values that depend on one of `of`: gradients of others lead nowhere. */
function dependents(graph: Graph, of: readonly Tensor[]): ReadonlySet<string> {
  const found = new Set(of.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => input !== null && found.has(input.name))) continue;
    for (const output of node.outputs) if (output !== null) found.add(output.name);
  }
  return found;
}
