import test from 'ava';
import fc from 'fast-check';
import { checkListAppend } from '../../src/verification/transactions/list-append.ts';
import type {
  ListHistoryEvent,
  ListOperation,
  ListTransaction,
} from '../../src/verification/transactions/transaction.ts';

/** `a x 1` appends, `r x 1 2` reads that list, `r x` the empty one. */
function transaction(text: string): ListTransaction {
  return text.split(', ').map((part): ListOperation => {
    const [kind, key = '', ...rest] = part.split(' ');
    return kind === 'a' ? { kind: 'append', key, element: rest[0] ?? '' } : { kind: 'read', key, list: rest };
  });
}

const call = (operation: number, text: string): ListHistoryEvent => ({
  kind: 'invoke',
  operation,
  caller: `c${operation}`,
  input: transaction(text),
});
const end = (operation: number, text: string): ListHistoryEvent => ({
  kind: 'ok',
  operation,
  output: transaction(text),
});

/** All at the same time: `!` before a text: aborted, `?`: of unknown fate. */
function concurrent(...texts: readonly string[]): readonly ListHistoryEvent[] {
  const plain = texts.map((text) => text.replace(/^[!?]/, ''));
  return [
    ...plain.map((text, i) => call(i, text)),
    ...texts.map((text, i): ListHistoryEvent => {
      if (text.startsWith('!')) return { kind: 'fail', operation: i };
      return text.startsWith('?') ? { kind: 'indeterminate', operation: i } : end(i, plain[i]!);
    }),
  ];
}

/** One after another. */
function serial(...texts: readonly string[]): readonly ListHistoryEvent[] {
  return texts.flatMap((text, i) => [call(i, text), end(i, text)]);
}

function names(events: readonly ListHistoryEvent[], realtime = true): readonly string[] {
  return checkListAppend(events, { realtime }).anomalies.map((each) => each.check);
}

/** Each with a history that no other class explains. */
const bad: Readonly<Record<string, readonly ListHistoryEvent[]>> = {
  internal: concurrent('a x 1, r x'),
  'duplicate-elements': concurrent('a x 1', 'r x 1 1'),
  'incompatible-order': concurrent('a x 1', 'a x 2', 'r x 1 2', 'r x 2 1'),
  'garbage-read': concurrent('r x 7'),
  G1a: concurrent('!a x 1', 'r x 1'),
  G0: concurrent('a x 1, a y 1', 'a x 2, a y 2', 'r x 1 2', 'r y 2 1'),
  G1c: concurrent('a x 1, r y 1', 'a y 1, r x 1'),
  'G-single': concurrent('a x 1, a y 1', 'r x 1, r y', 'r y 1'),
  'G2-item': concurrent('r x, a y 1', 'r y, a x 1', 'r x 1', 'r y 1'),
  'G0-realtime': [...serial('a x 1', 'a x 2'), call(2, 'r x'), end(2, 'r x 2 1')],
  'G1c-realtime': [
    call(0, 'a x 1, a y 1'),
    call(3, 'r x'),
    end(3, 'r x 1'),
    call(1, 'a y 2'),
    end(1, 'a y 2'),
    call(2, 'r y'),
    end(0, 'a x 1, a y 1'),
    end(2, 'r y 2 1'),
  ],
  'G-single-realtime': serial('a x 1', 'r x'),
  'G2-item-realtime': [
    call(0, 'a x 1'),
    call(1, 'a y 1'),
    call(2, 'r x, r y 1'),
    end(0, 'a x 1'),
    call(3, 'r y'),
    end(1, 'a y 1'),
    end(2, 'r x, r y 1'),
    end(3, 'r y'),
  ],
};

for (const [name, events] of Object.entries(bad)) {
  test(`only ${name}`, (t) => {
    t.deepEqual(names(events), [name]);
    if (name.endsWith('-realtime')) t.deepEqual(names(events, false), []);
  });
}

test('an intermediate read, and a lost update, are told beside the cycles that they are', (t) => {
  t.deepEqual(names(concurrent('a x 1, a x 2', 'r x 1', 'r x 1 2')), ['G1b', 'G-single']);
  t.deepEqual(names(concurrent('a x 1, a x 2', 'r x 1, a x 3')), ['G1b', 'G-single']);
  t.deepEqual(names(concurrent('r x, a x 1', 'r x, a x 2', 'r x 1 2')), ['lost-update', 'G-single']);
  t.deepEqual(names(concurrent('r x, a x 1', 'r x, a x 2')), ['lost-update', 'G2-item']);
});

const good: Readonly<Record<string, readonly ListHistoryEvent[]>> = {
  'one after another': serial('a x 1, r x 1', 'r x 1, a x 2, a y 1, r x 1 2', 'r x 1 2, r y 1'),
  'an aborted append that nobody saw': concurrent('!a x 1', 'r x'),
  'an unknown append that nobody saw': [call(0, 'a x 1'), call(1, 'r x'), end(1, 'r x')],
  'an unknown append that was seen later': [
    call(0, 'a x 1'),
    { kind: 'indeterminate', operation: 0 },
    call(1, 'r x'),
    end(1, 'r x'),
    call(2, 'r x 1'),
    end(2, 'r x 1'),
  ],
  'what a transaction of unknown fate read does not count': concurrent('?r x 9, a y 1', 'r y 1'),
  'its own appends between those of others': concurrent(
    'a x 1',
    'r x 1, a x 2, r x 1 2',
    'r x 1 2 3',
    'a x 3',
  ),
};

for (const [name, events] of Object.entries(good))
  test(`good: ${name}`, (t) => t.deepEqual(names(events), []));

test('a transaction of unknown fate of which anything was seen has happened as a whole', (t) => {
  t.deepEqual(names(concurrent('?a x 1, a y 1', 'r x 1, r y')), ['G-single']);
  t.deepEqual(names(concurrent('?a x 1, a y 1', 'r x, r y 1', 'r x 1')), ['G-single']);
});

test('a cycle is explained in words', (t) => {
  const [anomaly] = checkListAppend(bad['G-single']!).anomalies;
  t.is(
    anomaly?.detail,
    'T1 < T0 < T1: T1 read y as [], without 1, which T0 appended; T1 read x with 1 at its end, which T0 appended',
  );
  t.deepEqual(anomaly?.transactions, [1, 0]);
  t.deepEqual(anomaly?.explanation, [
    'T1 (c1): read x [1], read y []',
    'T0 (c0): append x 1, append y 1',
    'rw: T1 read y as [], without 1, which T0 appended',
    'wr: T1 read x with 1 at its end, which T0 appended',
  ]);
});

test('it says unknown when stopped, and when elements are not unique', (t) => {
  t.is(checkListAppend(bad['G2-item']!, { shouldStop: () => true }).answer, 'unknown');
  const twice = checkListAppend(concurrent('a x 1', 'a x 1'));
  t.is(twice.answer, 'unknown');
  t.regex(twice.reason ?? '', /1 to x was appended twice/);
});

interface Timed {
  readonly operations: ListTransaction;
  readonly called: number;
  readonly returned: number;
  readonly fate: 'ok' | 'fail' | 'indeterminate';
}

/** All orders of what happened and some of what may have, each executed: the definition read out. */
function serializable(all: readonly Timed[], realtime: boolean): boolean {
  const place = (state: ReadonlyMap<string, readonly string[]>, left: readonly Timed[]): boolean => {
    if (left.every((each) => each.fate === 'indeterminate')) return true;
    return left.some((next) => {
      if (realtime && left.some((other) => other.fate === 'ok' && other.returned < next.called)) return false;
      const after = execute(state, next);
      return (
        after !== null &&
        place(
          after,
          left.filter((each) => each !== next),
        )
      );
    });
  };
  return place(
    new Map(),
    all.filter((each) => each.fate !== 'fail'),
  );
}

function execute(
  state: ReadonlyMap<string, readonly string[]>,
  { operations, fate }: Timed,
): ReadonlyMap<string, readonly string[]> | null {
  const after = new Map(state);
  for (const each of operations) {
    const list = after.get(each.key) ?? [];
    if (each.kind === 'append') after.set(each.key, [...list, each.element]);
    else if (fate === 'ok' && each.list?.join() !== list.join()) return null;
  }
  return after;
}

/** Transactions executed on a store that serves some of them from older states, so that both answers are frequent. */
const histories = fc
  .array(
    fc.record({
      operations: fc.array(
        fc.record({
          append: fc.boolean(),
          key: fc.constantFrom('x', 'y'),
          back: fc.constantFrom(0, 0, 0, 0, 1, 2),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      called: fc.nat(40),
      lasts: fc.nat(30),
      fate: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fail', 'indeterminate' as const),
      applied: fc.boolean(),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((list): readonly Timed[] => {
    const state = new Map<string, string[]>();
    let element = 0;
    return list.map(({ operations, called, lasts, fate, applied }, i) => {
      const own = new Map([...state].map(([key, value]) => [key, [...value]]));
      const done = operations.map(({ append, key, back }): ListOperation => {
        const value = own.get(key) ?? [];
        own.set(key, value);
        if (!append) return { kind: 'read', key, list: value.slice(0, value.length - back) };
        value.push(`${++element}`);
        return { kind: 'append', key, element: `${element}` };
      });
      if (fate === 'ok' || applied) for (const [key, value] of own) state.set(key, value);
      const at = called + i / 10;
      return { operations: done, called: at, returned: at + lasts + 0.05, fate: fate as Timed['fate'] };
    });
  });

function eventsOf(all: readonly Timed[]): readonly ListHistoryEvent[] {
  const events = all.flatMap((each, operation): { at: number; event: ListHistoryEvent }[] => [
    {
      at: each.called,
      event: { kind: 'invoke', operation, caller: `c${operation}`, input: each.operations },
    },
    {
      at: each.returned,
      event:
        each.fate === 'ok'
          ? { kind: 'ok', operation, output: each.operations }
          : { kind: each.fate, operation },
    },
  ]);
  return events.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

for (const realtime of [false, true]) {
  test(`random histories: the same answer as all orders tried out, ${realtime ? 'with' : 'without'} real time`, (t) => {
    let yes = 0;
    let no = 0;
    fc.assert(
      fc.property(histories, (all) => {
        const expected = serializable(all, realtime);
        if (expected) yes++;
        else no++;
        return checkListAppend(eventsOf(all), { realtime }).answer === (expected ? 'yes' : 'no');
      }),
      { numRuns: 3000 },
    );
    t.true(yes > 300 && no > 300, `${yes} serializable, ${no} not`);
  });
}
