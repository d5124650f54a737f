import test from 'ava';
import fc from 'fast-check';
import { History, type Operation, operationsOf } from '../../../src/verification/history.ts';
import { smallestCounterexample } from '../../../src/verification/linearizability/counterexample.ts';
import { drawCounterexample } from '../../../src/verification/linearizability/drawing.ts';
import { checkLinearizability } from '../../../src/verification/linearizability/linearizability.ts';
import {
  describeRegister,
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from '../../../src/verification/register/register.ts';
import { timeBudget } from '../../../src/verification/time-budget.ts';

type Registers = History<RegisterInput, RegisterOutput>;

function put(history: Registers, value: string, key = 'k'): void {
  history.ok(history.invoke('writer', { kind: 'put', key, value }), { kind: 'put', revision: null });
}

function get(history: Registers, value: string | null, key = 'k'): void {
  history.ok(history.invoke('reader', { kind: 'get', key }), { kind: 'got', value, revision: null });
}

test('a stale read in a long history: its write, what came over it, and the read', (t) => {
  const history: Registers = new History();
  for (let i = 0; i < 200; i++) {
    put(history, `${i}`);
    get(history, i === 150 ? '140' : `${i}`);
    put(history, `${i}`, 'other');
  }
  const smallest = smallestCounterexample(registerModel, operationsOf(history.events));
  if (smallest === null) return t.fail();
  const shown = smallest.operations.map(
    ({ operation, wrong }) => `${describeRegister(operation)}${wrong ? ' !' : ''}`,
  );
  t.is(shown.filter((each) => each.endsWith('!')).length, 3, shown.join(', '));
  t.is(shown[0]?.replace(' !', ''), 'put k=140 -> ok');
  t.is(shown.at(-1), 'get k -> 140 !');
  t.true(shown.length <= 4);
  t.is(smallest.placed.length, shown.length - 1);
  const drawn = drawCounterexample(smallest, describeRegister, (position) => position * 2);
  t.is(drawn.operations.at(-1)?.text, 'get k -> 140');
  t.is(drawn.operations.at(-1)?.fromMs, smallest.operations.at(-1)!.operation.called * 2);
});

test('a linearizable history has none', (t) => {
  const history: Registers = new History();
  put(history, 'a');
  t.is(smallestCounterexample(registerModel, operationsOf(history.events)), null);
});

const operation = fc.record({
  kind: fc.constantFrom('get', 'get', 'put', 'cas' as const),
  value: fc.constantFrom('a', 'b', 'c'),
  expected: fc.constantFrom('a', 'b'),
  succeeded: fc.boolean(),
  called: fc.nat(200),
  lasts: fc.nat(40),
  known: fc.nat(5),
});

type Drawn = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

function registerOperation(
  { kind, value, expected, succeeded, called, lasts, known }: Drawn,
  id: number,
): Operation<RegisterInput, RegisterOutput> {
  const key = 'k';
  const input: RegisterInput =
    kind === 'get'
      ? { kind, key }
      : kind === 'put'
        ? { kind, key, value }
        : { kind: 'cas', key, expected, value };
  const output: RegisterOutput =
    kind === 'get'
      ? { kind: 'got', value, revision: null }
      : kind === 'put'
        ? { kind: 'put', revision: null }
        : { kind: 'swapped', succeeded, revision: null };
  const at = called + id / 100;
  return {
    id,
    caller: `c${id}`,
    input,
    output: known === 0 ? undefined : output,
    called: at,
    returned: known === 0 ? Number.POSITIVE_INFINITY : at + lasts + 0.005,
  };
}

test('random histories: what is shown is not linearizable, and without any one answer the part is', (t) => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 2, maxLength: 14 }), (list) => {
      const all = list.map(registerOperation);
      const smallest = smallestCounterexample(registerModel, all);
      const { answer } = checkLinearizability(registerModel, all);
      if (smallest === null) return answer === 'yes';
      found++;
      const weakened = (wrong: ReadonlySet<number>) =>
        all.map((each) =>
          wrong.has(each.id) ? each : { ...each, output: undefined, returned: Number.POSITIVE_INFINITY },
        );
      const wrong = smallest.operations.filter((each) => each.wrong).map((each) => each.operation.id);
      const shown = new Set(smallest.operations.map((each) => each.operation.id));
      const picture = weakened(new Set(wrong)).filter((each) => shown.has(each.id));
      return (
        answer === 'no' &&
        checkLinearizability(registerModel, picture).answer === 'no' &&
        checkLinearizability(registerModel, weakened(new Set(wrong))).answer === 'no' &&
        wrong.every((id) => {
          const without = new Set(wrong.filter((other) => other !== id));
          return checkLinearizability(registerModel, weakened(without)).answer === 'yes';
        })
      );
    }),
    { numRuns: 600 },
  );
  t.true(found > 100, `${found} not linearizable`);
});

test('a time budget is over when its clock says so', (t) => {
  let nowMs = 5;
  const isOver = timeBudget(10, () => nowMs);
  t.false(isOver());
  nowMs = 15;
  t.true(isOver());
});
