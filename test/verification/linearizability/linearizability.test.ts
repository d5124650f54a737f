import test from 'ava';
import fc from 'fast-check';
import {
  History,
  type HistoryEvent,
  type Operation,
  operationsOf,
} from '../../../src/verification/history.ts';
import { checkLinearizability } from '../../../src/verification/linearizability/linearizability.ts';
import type { Model } from '../../../src/verification/linearizability/model.ts';
import {
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from '../../../src/verification/register/register.ts';

type Event = HistoryEvent<RegisterInput, RegisterOutput>;
type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const call = (operation: number, input: RegisterInput): Event => ({
  kind: 'invoke',
  operation,
  caller: `c${operation}`,
  input,
});
const ok = (operation: number, output: RegisterOutput): Event => ({ kind: 'ok', operation, output });
const put = (operation: number, value: string) => call(operation, { kind: 'put', key: 'k', value });
const get = (operation: number) => call(operation, { kind: 'get', key: 'k' });
const wrote = (operation: number, revision: number | null = null) => ok(operation, { kind: 'put', revision });
const got = (operation: number, value: string | null, revision: number | null = null) =>
  ok(operation, { kind: 'got', value, revision });
const cas = (operation: number, expected: string | null, value: string) =>
  call(operation, { kind: 'cas', key: 'k', expected, value });
const swapped = (operation: number, succeeded: boolean) =>
  ok(operation, { kind: 'swapped', succeeded, revision: null });

function answer(events: readonly Event[]): string {
  return checkLinearizability(registerModel, operationsOf(events)).answer;
}

const good: Record<string, readonly Event[]> = {
  'one after another': [put(0, 'a'), wrote(0), get(1), got(1, 'a')],
  'a read beside a write sees either': [put(0, 'a'), get(1), got(1, null), get(2), got(2, 'a'), wrote(0)],
  'concurrent writes in the order the reads show': [
    put(0, 'a'),
    put(1, 'b'),
    wrote(0),
    wrote(1),
    get(2),
    got(2, 'a'),
  ],
  'an unknown write that took effect later': [
    put(0, 'a'),
    { kind: 'indeterminate', operation: 0 },
    get(1),
    got(1, null),
    get(2),
    got(2, 'a'),
  ],
  'an unknown write that never took effect': [
    put(0, 'a'),
    { kind: 'indeterminate', operation: 0 },
    get(1),
    got(1, null),
  ],
  'a compare-and-swap won by one': [
    cas(0, null, 'a'),
    cas(1, null, 'b'),
    swapped(1, true),
    swapped(0, false),
    get(2),
    got(2, 'b'),
  ],
  'an unknown revision is learnt by a read': [put(0, 'a'), get(1), got(1, 'a', 7), get(2), got(2, 'a', 7)],
};

const bad: Record<string, readonly Event[]> = {
  'a stale read': [put(0, 'a'), wrote(0), get(1), got(1, null)],
  'a value nobody wrote': [put(0, 'a'), wrote(0), get(1), got(1, 'z')],
  'reads go back': [put(0, 'a'), get(1), got(1, 'a'), get(2), got(2, null), wrote(0)],
  'a failed write is seen': [put(0, 'a'), { kind: 'fail', operation: 0 }, get(1), got(1, 'a')],
  'an unknown write is seen, then unseen': [put(0, 'a'), get(1), got(1, 'a'), get(2), got(2, null)],
  'two winners of one compare-and-swap': [
    cas(0, null, 'a'),
    swapped(0, true),
    cas(1, null, 'b'),
    swapped(1, true),
  ],
  'one value under two revisions': [put(0, 'a'), get(1), got(1, 'a', 7), get(2), got(2, 'a', 8)],
  'a write with an older revision': [put(0, 'a'), wrote(0, 9), put(1, 'b'), wrote(1, 8)],
};

for (const [name, events] of Object.entries(good)) test(`good: ${name}`, (t) => t.is(answer(events), 'yes'));
for (const [name, events] of Object.entries(bad)) test(`bad: ${name}`, (t) => t.is(answer(events), 'no'));

test('a bad history says which part and how far an order was found', (t) => {
  const result = checkLinearizability(
    registerModel,
    operationsOf([put(0, 'a'), wrote(0), get(1), got(1, 'a'), get(2), got(2, null)]),
  );
  if (result.answer !== 'no') return t.fail();
  t.deepEqual(
    result.placed.map((each) => each.id),
    [0, 1],
  );
  return t.is(registerModel.describe(result.part[2]!), 'c2: get k -> absent');
});

test('it gives up when told to, and says unknown', (t) => {
  const history = new History<RegisterInput, RegisterOutput>();
  const numbers = Array.from({ length: 24 }, (_, i) =>
    history.invoke('w', { kind: 'put', key: 'k', value: `${i}` }),
  );
  for (const number of numbers) history.ok(number, { kind: 'put', revision: null });
  const read = history.invoke('r', { kind: 'get', key: 'k' });
  history.ok(read, { kind: 'got', value: 'never written', revision: null });
  let asked = 0;
  const { values: _, ...blindfold } = registerModel;
  const result = checkLinearizability(blindfold, operationsOf(history.events), () => ++asked === 3);
  t.is(result.answer, 'unknown');
  t.is(asked, 3);
});

test('keys are checked each on its own', (t) => {
  const events: Event[] = [];
  for (let i = 0; i < 2000; i++) {
    events.push(call(2 * i, { kind: 'put', key: `k${i % 400}`, value: `${i}` }));
    events.push(call(2 * i + 1, { kind: 'get', key: `k${i % 400}` }));
    events.push(got(2 * i + 1, `${i}`));
    events.push(wrote(2 * i));
  }
  t.is(answer(events), 'yes');
});

/** All orders, no memory: the definition (Herlihy & Wing 1990) read out. */
function bruteForce(
  model: Model<unknown, RegisterInput, RegisterOutput>,
  operations: readonly RegisterOperation[],
): boolean {
  const place = (state: unknown, left: readonly RegisterOperation[]): boolean => {
    if (left.every((each) => each.returned === Number.POSITIVE_INFINITY)) return true;
    return left.some((next) => {
      if (left.some((other) => other.returned < next.called)) return false;
      const after = model.step(state, next.input, next.output);
      return (
        after !== undefined &&
        place(
          after,
          left.filter((each) => each !== next),
        )
      );
    });
  };
  return place(model.init(), operations);
}

const value = fc.constantFrom('a', 'b');
const revision = fc.constantFrom(null, null, 2, 3, 4);
const step = fc.oneof(
  fc.record({
    input: fc.constant({ kind: 'get', key: 'k' } as const),
    output: fc.record({ kind: fc.constant('got' as const), value: fc.option(value), revision }),
  }),
  fc.record({
    input: fc.record({ kind: fc.constant('put' as const), key: fc.constant('k'), value }),
    output: fc.record({ kind: fc.constant('put' as const), revision }),
  }),
  fc.record({
    input: fc.constant({ kind: 'delete', key: 'k' } as const),
    output: fc.record({ kind: fc.constant('deleted' as const), found: fc.boolean() }),
  }),
  fc.record({
    input: fc.oneof(
      fc.record({
        kind: fc.constant('cas' as const),
        key: fc.constant('k'),
        expected: fc.option(value),
        value,
      }),
      fc.record({
        kind: fc.constant('casRevision' as const),
        key: fc.constant('k'),
        expected: fc.constantFrom(0, 2, 3),
        value,
      }),
    ),
    output: fc.record({ kind: fc.constant('swapped' as const), succeeded: fc.boolean(), revision }),
  }),
);

test('random histories: the same answer as all orders tried out', (t) => {
  let yes = 0;
  let no = 0;
  fc.assert(
    fc.property(
      fc.array(fc.record({ step, called: fc.nat(1000), lasts: fc.nat(400), known: fc.nat(4) }), {
        minLength: 1,
        maxLength: 6,
      }),
      (list) => {
        const operations: RegisterOperation[] = list.map(({ step, called, lasts, known }, id) => ({
          id,
          caller: `c${id}`,
          input: step.input,
          output: known === 0 ? undefined : step.output,
          called: called + id / 10,
          returned: known === 0 ? Number.POSITIVE_INFINITY : called + id / 10 + lasts + 0.05,
        }));
        const expected = bruteForce(
          registerModel as Model<unknown, RegisterInput, RegisterOutput>,
          operations,
        );
        if (expected) yes++;
        else no++;
        return checkLinearizability(registerModel, operations).answer === (expected ? 'yes' : 'no');
      },
    ),
    { numRuns: 3000 },
  );
  t.true(yes > 300 && no > 300, `${yes} linearizable, ${no} not`);
});

test('a value that nobody can have written is found without a search', (t) => {
  const open = Array.from({ length: 40 }, (_, i) => cas(i + 10, String(i % 3), String((i + 1) % 3)));
  const known = [put(0, '0'), wrote(0), ...open];
  const judged = (events: readonly Event[]): string =>
    checkLinearizability(registerModel, operationsOf(events), () => true).answer;
  t.is(judged([...known, get(1), got(1, '7')]), 'no');
  t.is(judged([...known, get(1), got(1, '7'), put(2, '7')]), 'no', 'its writer was called later');
  t.not(judged([...known, put(2, '7'), get(1), got(1, '7')]), 'no');
  // Nothing makes what it needs itself.
  t.is(judged([cas(0, '1', '1'), swapped(0, true)]), 'no');
  t.is(judged([get(0), got(0, null)]), 'yes');
});
