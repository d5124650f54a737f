import test from 'ava';
import { parseComparison, parseOperation } from '../../src/cli/commands/state/txn-language.ts';
import { UsageError } from '../../src/cli/terminal/usage-error.ts';

test('comparisons', (t) => {
  t.deepEqual(parseComparison('version(lock) = 0'), { key: 'lock', is: '=', version: 0 });
  t.deepEqual(parseComparison(' modRevision("a b")>7 '), { key: 'a b', is: '>', modRevision: 7 });
  t.deepEqual(parseComparison('createRevision(a) < 9'), { key: 'a', is: '<', createRevision: 9 });
  t.deepEqual(parseComparison("value(a) != 'x y'"), { key: 'a', is: '!=', value: 'x y' });
  t.deepEqual(parseComparison('value(a(b)) = '), { key: 'a(b)', is: '=', value: '' });
  t.deepEqual(parseComparison('lease(a) = ff'), { key: 'a', is: '=', lease: 255n } as never);
  t.deepEqual(parseComparison('lease(a) = dec:255'), { key: 'a', is: '=', lease: 255n } as never);
});

test('a lease that is none is told as such, wherever it stands', (t) => {
  const message = /^(--if|operation) ".*": lease "zz": It must be a lease id: /;
  t.throws(() => parseComparison('lease(a) = zz'), { message });
  t.throws(() => parseOperation('put a b lease zz'), { message });
});

for (const wrong of [
  '',
  'version(a)',
  'version(a) == 1',
  'version(a) = x',
  'version(a) = 9007199254740993',
  'size(a) = 1',
  'lease(a) = zz',
  'version() = 1',
])
  test(`no comparison: ${wrong}`, (t) => {
    t.throws(() => parseComparison(wrong), { instanceOf: UsageError });
  });

test('operations', (t) => {
  t.deepEqual(parseOperation('put a b'), { put: 'a', value: 'b' });
  t.deepEqual(parseOperation(`put "a key" 'a "value"'`), { put: 'a key', value: 'a "value"' });
  t.deepEqual(parseOperation('put a ""'), { put: 'a', value: '' });
  t.deepEqual(parseOperation('put a b lease ff'), { put: 'a', value: 'b', lease: 255n } as never);
  t.deepEqual(parseOperation("put a it's"), { put: 'a', value: "it's" });
  t.deepEqual(parseOperation('get a'), { get: 'a' });
  t.deepEqual(parseOperation('get-prefix a/'), { get: 'a/', options: { prefix: true } });
  t.deepEqual(parseOperation('del a'), { delete: 'a' });
  t.deepEqual(parseOperation('del-prefix a/'), { delete: 'a/', prefix: true });
});

for (const wrong of [
  '',
  'put a',
  'put a b c',
  'put a b lease zz',
  'put a b until ff',
  'put "a b',
  "put a 'b c",
  'get',
  'get a b',
  'move a b',
])
  test(`no operation: ${wrong}`, (t) => {
    t.throws(() => parseOperation(wrong), { instanceOf: UsageError });
  });
