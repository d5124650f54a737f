import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { compile, type FloatTensor } from '../../../src/prediction/onnx/computation.ts';
import { gradients } from '../../../src/prediction/onnx/gradient.ts';
import { Graph, type Tensor } from '../../../src/prediction/onnx/graph.ts';
import { type Operators, operators } from '../../../src/prediction/onnx/operators.ts';

type Shapes = readonly (readonly number[])[];
type Build = (o: Operators, inputs: readonly Tensor[], graph: Graph) => Tensor;

/** Compares the graph's gradients with central differences at a random point in `from`…`to`. */
async function largestDifference(shapes: Shapes, build: Build, from = -1.5, to = 1.5): Promise<number> {
  const graph = new Graph('proof');
  const o = operators(graph);
  const inputs = shapes.map((shape, index) => graph.input(`x${index}`, shape));
  const y = build(o, inputs, graph);
  // Squared, so that gradients arriving at the outputs differ from one another.
  const loss = o.reduceSum(
    o.mul(y, y),
    y.shape.map((_, axis) => axis),
  );
  graph.output('loss', loss);
  gradients(graph, loss, inputs).forEach((gradient, index) => void graph.output(`g${index}`, gradient));
  const computation = await compile(graph);
  const random = seededRandom('gradients');
  const point: Record<string, FloatTensor> = Object.fromEntries(
    shapes.map((dims, index) => {
      const size = dims.reduce((product, each) => product * each, 1);
      return [
        `x${index}`,
        { dims, data: Float32Array.from({ length: size }, () => from + random.next() * (to - from)) },
      ];
    }),
  );
  const lossAt = async () => (await computation.run(point)).loss!.data[0]!;
  const claimed = await computation.run(point);
  let largest = 0;
  const step = 1 / 128;
  for (const [index] of shapes.entries()) {
    const { data } = point[`x${index}`]!;
    for (let i = 0; i < data.length; i++) {
      const middle = data[i]!;
      data[i] = middle + step;
      const above = await lossAt();
      data[i] = middle - step;
      const below = await lossAt();
      data[i] = middle;
      const measured = (above - below) / (2 * step);
      const difference = Math.abs(measured - claimed[`g${index}`]!.data[i]!);
      largest = Math.max(largest, difference / Math.max(1, Math.abs(measured)));
    }
  }
  await computation.close();
  return largest;
}

const cases: Readonly<Record<string, readonly [Shapes, Build, number?, number?]>> = {
  'matMul of matrices': [
    [
      [2, 3],
      [3, 4],
    ],
    (o, [a, b]) => o.matMul(a!, b!),
  ],
  'matMul of a batch': [
    [
      [2, 2, 3],
      [3, 4],
    ],
    (o, [a, b]) => o.matMul(a!, b!),
  ],
  'add, broadcast': [[[2, 3, 4], [4]], (o, [a, b]) => o.add(a!, b!)],
  'sub, broadcast both ways': [
    [
      [2, 1, 4],
      [3, 1],
    ],
    (o, [a, b]) => o.sub(a!, b!),
  ],
  'mul, broadcast': [
    [
      [2, 3],
      [2, 1],
    ],
    (o, [a, b]) => o.mul(a!, b!),
  ],
  'div, broadcast': [[[2, 3], [3]], (o, [a, b]) => o.div(a!, b!), 0.7, 2],
  sigmoid: [[[5]], (o, [a]) => o.sigmoid(a!)],
  tanh: [[[5]], (o, [a]) => o.tanh(a!)],
  relu: [[[7]], (o, [a]) => o.relu(a!)],
  abs: [[[7]], (o, [a]) => o.abs(a!)],
  sqrt: [[[5]], (o, [a]) => o.sqrt(a!), 0.5, 2],
  exp: [[[5]], (o, [a]) => o.exp(a!)],
  log: [[[5]], (o, [a]) => o.log(a!), 0.5, 2],
  softmax: [[[3, 4]], (o, [a]) => o.softmax(a!)],
  'reduceSum, axis gone': [[[2, 3, 4]], (o, [a]) => o.reduceSum(a!, [1])],
  'reduceMean, axes kept': [[[2, 3, 4]], (o, [a]) => o.reduceMean(a!, [0, 2], true)],
  reshape: [[[2, 6]], (o, [a]) => o.tanh(o.reshape(a!, [3, 4]))],
  transpose: [[[2, 3, 4]], (o, [a]) => o.exp(o.transpose(a!, [2, 0, 1]))],
  'split, one part unused': [
    [[2, 6]],
    (o, [a]) => {
      const [first, , third] = o.split(a!, 1, [1, 3, 2]);
      return o.mul(o.exp(first!), third!);
    },
  ],
  concat: [
    [
      [2, 2],
      [2, 3],
    ],
    (o, [a, b]) => o.tanh(o.concat([a!, b!], 1)),
  ],
  'a value used twice': [[[4]], (o, [a]) => o.mul(o.tanh(a!), o.sum([a!, a!, o.exp(a!)]))],
};

for (const [name, [shapes, build, from, to]] of Object.entries(cases))
  test(`the gradient of ${name} is what finite differences say`, async (t) => {
    t.true((await largestDifference(shapes, build, from, to)) < 5e-3);
  });

test('what a scalar does not depend on has gradient zero', async (t) => {
  const graph = new Graph('unrelated');
  const o = operators(graph);
  const [a, b] = [graph.input('a', [2]), graph.input('b', [2])];
  gradients(graph, o.reduceSum(a, [0]), [a, b]).forEach(
    (gradient, index) => void graph.output(`g${index}`, gradient),
  );
  const computation = await compile(graph);
  const ones = { dims: [2], data: new Float32Array([1, 1]) };
  const { g0, g1 } = await computation.run({ a: ones, b: ones });
  t.deepEqual(
    [[...g0!.data], [...g1!.data]],
    [
      [1, 1],
      [0, 0],
    ],
  );
  await computation.close();
});

test('an operator without a rule is named', (t) => {
  const graph = new Graph('no rule');
  const o = operators(graph);
  const a = graph.input('a', [2]);
  const loss = o.reduceSum(o.min(a, graph.scalar(0)), [0]);
  t.throws(() => gradients(graph, loss, [a]), { message: 'no gradient of Min' });
});
