import test from 'ava';
import { type DivergenceCause, type ModelReport, modelDivergence } from '../../src/failover/divergence.ts';
import { nodeId } from '../../src/foundation/ids.ts';

/** Predictions of the same inputs, each so far off from the rest, in mean changes of the truth. */
function samples(off: number, from = 0, count = 8): ModelReport['samples'] {
  return Array.from({ length: count }, (_, i) => ({ hash: from + i, mean: 10 + i + off * 2, scale: 2 }));
}

function report(id: string, scaledError: number | null, more: Partial<ModelReport> = {}): ModelReport {
  return { id: nodeId(id), scaledError, samples: samples(0), models: 'm', stateTrouble: null, ...more };
}

const causes = (reports: readonly ModelReport[]): Record<string, DivergenceCause> =>
  Object.fromEntries([...modelDivergence(reports)].map(([id, { cause }]) => [id, cause]));

test('the table: who errs, who disagrees, what the digests say, and what follows', (t) => {
  const rows: readonly (readonly [string, readonly ModelReport[], Record<string, DivergenceCause>])[] = [
    [
      'all well',
      [report('a', 0.6), report('b', 0.62), report('c', 0.58)],
      { a: 'alike', b: 'alike', c: 'alike' },
    ],
    [
      'the workload drifted: all err alike',
      [report('a', 3), report('b', 3.1), report('c', 2.9)],
      { a: 'workload', b: 'workload', c: 'workload' },
    ],
    [
      'one errs, its state is theirs: its model is damaged',
      [report('a', 0.6), report('b', 0.6), report('c', 3)],
      { a: 'alike', b: 'alike', c: 'model' },
    ],
    [
      'one errs, and its state is wrong',
      [report('a', 0.6), report('b', 0.6), report('c', 3, { stateTrouble: 'digest' })],
      { a: 'alike', b: 'alike', c: 'state' },
    ],
    [
      'a wrong state alone is not held against its predictions',
      [report('a', 0.6), report('b', 0.6), report('c', 0.6, { stateTrouble: 'digest' })],
      { a: 'alike', b: 'alike', c: 'alike' },
    ],
    [
      'the workload drifted, and one is damaged beside it',
      [report('a', 2), report('b', 2.1), report('c', 9)],
      { a: 'workload', b: 'workload', c: 'model' },
    ],
    [
      'errors are not known yet, but one predicts otherwise from the same input',
      [report('a', null), report('b', null), report('c', null, { samples: samples(3) })],
      { a: 'alike', b: 'alike', c: 'model' },
    ],
    [
      'it is the primary that predicts otherwise',
      [report('a', null, { samples: samples(-4) }), report('b', null), report('c', null)],
      { a: 'model', b: 'alike', c: 'alike' },
    ],
    [
      'of two who disagree nobody is wrong by that alone',
      [report('a', 0.6), report('b', 0.6, { samples: samples(4) })],
      { a: 'alike', b: 'alike' },
    ],
    ['of two the one that errs is', [report('a', 0.6), report('b', 4)], { a: 'alike', b: 'model' }],
    ['nothing to compare with', [report('a', 9)], { a: 'workload' }],
    ['nothing measured', [report('a', null, { samples: [] }), report('b', null)], { a: 'alike', b: 'alike' }],
    [
      'samples of other inputs say nothing',
      [report('a', null), report('b', null), report('c', null, { samples: samples(9, 100) })],
      { a: 'alike', b: 'alike', c: 'alike' },
    ],
    [
      'not a number is as wrong as can be',
      [report('a', 0.6), report('b', 0.6), report('c', 0.6, { samples: samples(Number.NaN) })],
      { a: 'alike', b: 'alike', c: 'model' },
    ],
    [
      'small errors of easy series are measured by a floor',
      [report('a', 0.001), report('b', 0.001), report('c', 0.01)],
      { a: 'alike', b: 'alike', c: 'alike' },
    ],
  ];
  for (const [what, reports, expected] of rows) t.deepEqual(causes(reports), expected, what);
});

test('it is 0 for chance, grows with the error, and never exceeds 1', (t) => {
  const of = (error: number): number =>
    modelDivergence([report('a', 1), report('b', 1), report('c', error)]).get(nodeId('c'))!.value;
  const values = [0.5, 1, 1.4, 2, 3, 4, 100].map(of);
  t.deepEqual(values.slice(0, 3), [0, 0, 0]);
  t.true(values.every((value, i) => i === 0 || value >= values[i - 1]!));
  t.is(values.at(-1), 1);
});

test('the explanation names both figures', (t) => {
  const found = modelDivergence([report('a', 0.5), report('b', 0.5), report('c', 5, { models: 'other' })]);
  t.is(
    found.get(nodeId('c'))!.explanation,
    "error 5.00 of last value's, the others' 0.50; its state is the others'; it has other models loaded",
  );
});
