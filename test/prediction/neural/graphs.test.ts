import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { inferenceGraph, primitiveGraph, trainingGraph } from '../../../src/prediction/neural/graphs.ts';
import {
  initialWeights,
  type NetworkSize,
  weightSpecs,
  weightTensors,
} from '../../../src/prediction/neural/network.ts';
import { compile, type FloatTensor, type FloatTensors } from '../../../src/prediction/onnx/computation.ts';
import { encodeModel, outlineModel } from '../../../src/prediction/onnx/model-bytes.ts';

const size: NetworkSize = { steps: 5, features: 3, hidden: 4, references: 3, facts: 6, inner: 5 };

function tensor(random: Random, ...dims: number[]): FloatTensor {
  const length = dims.reduce((product, each) => product * each, 1);
  return { dims, data: Float32Array.from({ length }, () => 3 * random.next() - 1.5) };
}

function inputs(random: Random, of: NetworkSize, windows: number, targets: number): FloatTensors {
  const weights = initialWeights(of, random).map((weight) => weight + 0.2 * (random.next() - 0.5));
  return {
    ...weightTensors(of, weights),
    recent: tensor(random, of.steps, windows, of.features),
    facts: tensor(random, windows, targets, of.facts),
    references: tensor(random, windows, targets, of.references),
  };
}

test('the operator GRU and the primitives forecast the same', async (t) => {
  for (const of of [size, { ...size, steps: 32, hidden: 32, inner: 48 }]) {
    const random = seededRandom('equal');
    const [byOperator, byPrimitives] = [
      await compile(inferenceGraph(of)),
      await compile(primitiveGraph(of, 3, 2)),
    ];
    for (let round = 0; round < 5; round++) {
      const given = inputs(random, of, 3, 2);
      const one = (await byOperator.run(given)).forecast!;
      const other = (await byPrimitives.run(given)).forecast!;
      t.deepEqual([...one.dims], [3, 2]);
      for (const [index, value] of one.data.entries())
        t.true(Math.abs(value - other.data[index]!) < 1e-5 * Math.max(1, Math.abs(value)));
    }
    await byOperator.close();
    await byPrimitives.close();
  }
});

test('the gradients of a whole training step are what finite differences say', async (t) => {
  const random = seededRandom('step');
  const step = await compile(trainingGraph(size, 2, 3));
  const one = (value: number): FloatTensor => ({ dims: [1], data: new Float32Array([value]) });
  const zeros = Object.fromEntries(
    weightSpecs(size).flatMap(({ name, dims }) =>
      ['m', 'v'].map((moment) => [
        `${name}.${moment}`,
        { dims, data: new Float32Array(dims.reduce((product, each) => product * each, 1)) },
      ]),
    ),
  );
  const given: FloatTensors = {
    ...inputs(random, size, 2, 3),
    ...zeros,
    // Far from the forecasts, where the absolute error has no kink.
    truth: { dims: [2, 3], data: new Float32Array([9, -9, 9, 9, -9, -9]) },
    importance: { dims: [2, 3], data: new Float32Array([1, 2, 0.5, 1, 0, 3]) },
    rate: one(0),
    clip: one(1e9),
    correction1: one(0.1),
    correction2: one(0.001),
  };
  const claimed = await step.run(given);
  const width = 1 / 64;
  let compared = 0;
  for (const { name } of weightSpecs(size)) {
    const { data } = given[name]!;
    for (let index = 0; index < data.length; index += 3) {
      const middle = data[index]!;
      const lossAt = async (value: number): Promise<number> => {
        data[index] = value;
        const loss = (await step.run(given)).loss!.data[0]!;
        data[index] = middle;
        return loss;
      };
      const measured = ((await lossAt(middle + width)) - (await lossAt(middle - width))) / (2 * width);
      // The first moment after a first step from zero is a tenth of the gradient.
      const gradient = claimed[`${name}.m.next`]!.data[index]! * 10;
      t.true(Math.abs(measured - gradient) < 2e-3 + 1e-2 * Math.abs(measured), `${name}[${index}]`);
      compared += 1;
    }
  }
  t.true(compared > 60);
  // A rate of 0 leaves the weights as they are.
  t.deepEqual(claimed['head.facts.next']!.data, given['head.facts']!.data);
  await step.close();
});

test('a long gradient is cut to the norm before the moments see it', async (t) => {
  const random = seededRandom('clip');
  const step = await compile(trainingGraph(size, 1, 1));
  const one = (value: number): FloatTensor => ({ dims: [1], data: new Float32Array([value]) });
  const zeros = Object.fromEntries(
    weightSpecs(size).flatMap(({ name, dims }) =>
      ['m', 'v'].map((moment) => [
        `${name}.${moment}`,
        { dims, data: new Float32Array(dims.reduce((product, each) => product * each, 1)) },
      ]),
    ),
  );
  const result = await step.run({
    ...inputs(random, size, 1, 1),
    ...zeros,
    truth: { dims: [1, 1], data: new Float32Array([50]) },
    importance: { dims: [1, 1], data: new Float32Array([100]) },
    rate: one(0.001),
    clip: one(0.25),
    correction1: one(0.1),
    correction2: one(0.001),
  });
  t.true(result.norm!.data[0]! > 1);
  const moments = weightSpecs(size).flatMap(({ name }) => [...result[`${name}.m.next`]!.data]);
  const norm = Math.sqrt(moments.reduce((sum, each) => sum + (10 * each) ** 2, 0));
  t.true(Math.abs(norm - 0.25) < 1e-4);
  await step.close();
});

test('the model written says what is in it', (t) => {
  const outline = outlineModel(encodeModel(inferenceGraph(size)));
  t.is(outline.operators.get('GRU'), 1);
  t.like(outline, { producer: 'tanist', opset: 17 });
  t.deepEqual(outline.inputs[0], { name: 'recent', shape: [5, 'batch', 3] });
  t.deepEqual(
    outline.inputs.slice(3).map(({ name }) => name),
    weightSpecs(size).map(({ name }) => name),
  );
  t.deepEqual(
    outline.outputs.map(({ name }) => name),
    ['forecast'],
  );
  const bytes = encodeModel(inferenceGraph(size));
  t.throws(() => outlineModel(bytes.subarray(0, bytes.length - 7)), { message: /cut short/ });
  t.throws(() => outlineModel(new Uint8Array()), { message: /without a graph/ });
});
