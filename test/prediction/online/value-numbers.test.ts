import test from 'ava';
import fc from 'fast-check';
import { pointerTokens } from '../../../src/prediction/online/json-pointer.ts';
import { findNumber } from '../../../src/prediction/online/json-scan.ts';
import {
  decimalsOf,
  numberIn,
  numberSpan,
  numberText,
  withNumbers,
} from '../../../src/prediction/online/value-numbers.ts';

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function read(text: string, pointer: string): number {
  const value = bytes(text);
  return numberIn(value, numberSpan(value, pointerTokens(pointer)!));
}

test('pointers of RFC 6901', (t) => {
  const json = '{"foo":["bar",7],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}';
  const found = ['/', '/a~1b', '/c%d', '/e^f', '/g|h', '/i\\j', '/k"l', '/ ', '/m~0n'].map((p) =>
    read(json, p),
  );
  t.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  t.is(read(json, '/foo/1'), 7);
  t.is(read(json, '/foo/0'), Number.NaN, 'a text is no number');
  t.is(read(json, '/foo/01'), Number.NaN, 'an index has no leading zero');
  t.is(read(json, '/nothing'), Number.NaN);
  t.deepEqual([pointerTokens('foo'), pointerTokens('/a~2'), pointerTokens('')], [null, null, []]);
});

test('numbers as whole values', (t) => {
  const cases: readonly (readonly [string, number])[] = [
    ['12', 12],
    [' -1.50\n', -1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['0x10', Number.NaN],
    ['', Number.NaN],
    ['NaN', Number.NaN],
    ['Infinity', Number.NaN],
    ['1e999', Number.NaN],
    ['12 13', Number.NaN],
    ['true', Number.NaN],
    [`${'1'.repeat(100)}`, Number.NaN],
  ];
  for (const [text, expected] of cases) t.is(read(text, ''), expected, text);
});

test('what is no JSON has no numbers, however far behind the number, and nothing throws', (t) => {
  for (const text of [
    '{',
    '{"a"}',
    '{"a":',
    '{"a":1',
    '{"a":01}',
    '{"a":1 garbage',
    '{"a":1}}}',
    '{"a":1},',
    '{"a":1,}',
    '{"a":1,"b":',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":1,"b":\'x\'}',
    '[1,',
    '{"b":"\\x","a":1}',
    '{"b":nul,"a":1}',
    `${'['.repeat(5000)}`,
  ])
    t.is(read(text, '/a'), Number.NaN, text);
  t.is(read(' {"a":1, "b":[{}] }\n', '/a'), 1);
  t.is(read('{"a":1,"a":2}', '/a'), 2, 'of two of a name the last counts');
  t.is(read('{"a":{"b":1},"a":3}', '/a/b'), Number.NaN);
  t.is(read(`{"x":${'['.repeat(5000)}1${']'.repeat(5000)},"a":1}`, '/a'), Number.NaN, 'too deep to look');
});

test('property: every number of a JSON value is found where JSON.parse finds it, and replaced alone', (t) => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.boolean(),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 2), (value, indent) => {
      const text = bytes(JSON.stringify(value, null, indent));
      for (const [path, number] of numbersOf(JSON.parse(JSON.stringify(value)), [])) {
        const span = findNumber(text, path);
        t.is(numberIn(text, span), number);
        const replaced = withNumbers(text, [{ span: span!, text: '987654' }]);
        t.is(at(JSON.parse(Buffer.from(replaced, 'latin1').toString('utf8')), path), 987654);
      }
      return true;
    }),
    { numRuns: 300 },
  );
});

test('a predicted number looks like those of its series', (t) => {
  const of = (text: string): number => decimalsOf(text, { from: 0, to: text.length });
  t.deepEqual(['12', '1.50', '1e-3', '1.5e3'].map(of), [0, 2, 12, 12]);
  t.is(numberText(3.7, 0), '4');
  t.is(numberText(-0.2, 0), '0');
  t.is(numberText(2.5, 2), '2.5');
  t.is(numberText(1 / 3, 3), '0.333');
  const value = '{"cpu": 1.25, "name":"x", "mem":7}';
  const spans = ['/mem', '/cpu'].map((p) => numberSpan(value, pointerTokens(p)!)!);
  t.is(
    withNumbers(value, [
      { span: spans[0]!, text: '9' },
      { span: spans[1]!, text: '2.5' },
    ]),
    '{"cpu": 2.5, "name":"x", "mem":9}',
  );
});

function* numbersOf(
  value: unknown,
  path: readonly string[],
): Generator<readonly [readonly string[], number]> {
  if (typeof value === 'number' && path.length > 0) yield [path, value];
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) yield* numbersOf(inner, [...path, name]);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value);
}
