import test from 'ava';
import fc from 'fast-check';
import { type Json, JsonError, JsonReader } from '../../../../src/api/etcd/gateway/json-reader.ts';

function plain(json: Json | undefined): unknown {
  if (json instanceof Map) return Object.fromEntries([...json].map(([name, value]) => [name, plain(value)]));
  if (Array.isArray(json)) return json.map(plain);
  if (typeof json === 'object' && json !== null && 'digits' in json) return Number(json.digits);
  return json;
}

const read = (text: string): unknown => plain(new JsonReader(text).next());
const wrong = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
  return 'nothing';
};

test('reads whatever JSON.stringify writes', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      t.deepEqual(read(text), JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test('takes for JSON what JSON.parse takes, and nothing else', (t) => {
  const alphabet = [...'{}[]:,"\\ \n0123-.eE', 'true', 'null', '"a"', '{"a":', '\\u00e9', '\u0001'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join('');
      let right = true;
      try {
        JSON.parse(text);
      } catch {
        right = false;
      }
      const reader = new JsonReader(text);
      let whole = true;
      try {
        whole = reader.next() !== undefined && reader.next() === undefined;
      } catch {
        whole = false;
      }
      t.is(whole, right, text);
    }),
    { numRuns: 3000 },
  );
});

test('keeps every digit of a number', (t) => {
  t.deepEqual(new JsonReader('18446744073709551615').next(), { digits: '18446744073709551615' });
});

test('several values follow each other, and what was read before an error counts', (t) => {
  const reader = new JsonReader(' {"a":1} {"a":2}\n[true] nope');
  t.deepEqual(plain(reader.next()), { a: 1 });
  t.deepEqual(plain(reader.next()), { a: 2 });
  t.deepEqual(plain(reader.next()), [true]);
  t.throws(() => reader.next(), { instanceOf: JsonError });
  t.is(new JsonReader(' \n').next(), undefined);
});

test("says what is wrong in Go's words", (t) => {
  t.is(wrong('{'), 'unexpected EOF');
  t.is(wrong('{"a"'), 'unexpected EOF');
  t.is(wrong('"abc'), 'unexpected EOF');
  t.is(wrong('x'), "invalid character 'x' looking for beginning of value");
  t.is(wrong('{"a":1,}'), "invalid character '}' looking for beginning of object key string");
  t.is(wrong('{"a" 1}'), "invalid character '1' after object key");
  t.is(wrong('{"a":1 "b":2}'), "invalid character '\"' after object key:value pair");
  t.is(wrong('[1 2]'), "invalid character '2' after array element");
  t.is(wrong("{'a':1}"), "invalid character '\\'' looking for beginning of object key string");
  t.is(wrong('"a\nb"'), "invalid character '\\n' in string literal");
  t.is(wrong('"\\x"'), "invalid character 'x' in string escape code");
  t.is(wrong('"\\u00g0"'), "invalid character 'g' in \\u hexadecimal character escape");
  t.is(wrong('\0'), "invalid character '\\x00' looking for beginning of value");
  t.is(wrong('\ufeff{}'), "invalid character '\u00ef' looking for beginning of value");
  t.is(wrong('[nul]'), "invalid character ']' in literal null (expecting 'l')");
  t.is(wrong('tru'), 'unexpected EOF');
  t.is(wrong('[-]'), "invalid character ']' in numeric literal");
  t.is(wrong('[1.]'), "invalid character ']' after decimal point in numeric literal");
  t.is(wrong('[1e+]'), "invalid character ']' in exponent of numeric literal");
  t.is(wrong('[1.5.5]'), "invalid character '.' after array element");
  t.is(wrong('1.'), 'unexpected EOF');
});

test('depth and number of values are bounded, a long text takes linear time', (t) => {
  t.is(wrong('['.repeat(1_000_000)), 'exceeded max depth');
  t.is(wrong(`[${'0,'.repeat(1_000_000)}0]`), 'more than 65536 values');
  t.is((read(`"${'a'.repeat(4_000_000)}"`) as string).length, 4_000_000);
  t.is((read(`"${'\\n'.repeat(1_000_000)}"`) as string).length, 1_000_000);
});

test('names of Object.prototype are names like others', (t) => {
  const json = new JsonReader('{"__proto__":1,"constructor":2}').next();
  t.true(json instanceof Map && json.size === 2);
});
