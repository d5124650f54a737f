import test from 'ava';
import fc from 'fast-check';
import { TanistError } from '../../../src/foundation/errors.ts';
import { decodeMessage, encodeMessage } from '../../../src/protocol/etcd/codec.ts';
import * as methods from '../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Field } from '../../../src/protocol/etcd/schema.ts';
import { bytes, lease } from '../arbitraries.ts';
import { generatedType, toGenerated } from './generated.ts';

const signed = fc.oneof(fc.nat(300), fc.maxSafeInteger(), fc.integer());
const unsigned = lease.map(BigInt);

function anyOf(schema: string, field: Field<unknown>, depth: number): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'int':
      return schema.endsWith('HashResponse') || schema.endsWith('HashKVResponse') ? fc.nat() : signed;
    case 'id':
    case 'lease':
      return unsigned;
    case 'bool':
      return fc.boolean();
    case 'bytes':
      return bytes;
    case 'text':
      return fc.string({ unit: 'grapheme', maxLength: 20 });
    case 'enum':
      return fc.constantFrom(...field.names);
    case 'message':
      return messageOf(field.schema(), depth + 1);
  }
}

/** Messages with every field. A `oneof` has one member at most: of optional fields and of messages that exclude each other. */
function messageOf(schema: AnySchema, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  const exclusive: string[] = [];
  const isUnion = /RequestOp|ResponseOp|WatchRequest$/.test(schema.name);
  for (const [name, field] of Object.entries(schema.fields)) {
    if (field.type === 'message' && depth > 2) fields[name] = fc.constant(field.absent);
    else if (field.repeated) fields[name] = fc.array(anyOf(schema.name, field, depth), { maxLength: 3 });
    else if (field.optional || isUnion) {
      exclusive.push(name);
      fields[name] = anyOf(schema.name, field, depth);
    } else if (field.type === 'message')
      fields[name] = fc.option(anyOf(schema.name, field, depth), { nil: null });
    else fields[name] = anyOf(schema.name, field, depth);
  }
  if (exclusive.length === 0) return fc.record(fields);
  return fc.tuple(fc.record(fields), fc.nat(exclusive.length)).map(([found, chosen]) => {
    const message: Record<string, unknown> = { ...found };
    for (const [i, name] of exclusive.entries()) if (i !== chosen) message[name] = null;
    return message;
  });
}

const schemas = new Map<string, AnySchema>();
for (const service of Object.values(methods))
  for (const method of Object.values(service)) {
    schemas.set(method.request.name, method.request);
    schemas.set(method.response.name, method.response);
  }

test('there are messages to check', (t) => {
  t.true(schemas.size > 70);
});

test('every message: what we write the generated code reads, and the other way round', (t) => {
  for (const [name, schema] of schemas) {
    const generated = generatedType(name);
    fc.assert(
      fc.property(messageOf(schema), (message) => {
        const ours = encodeMessage(schema, message as never);
        const theirs = generated.encode(generated.fromObject(toGenerated(schema, message))).finish();
        t.deepEqual(decodeMessage(schema, theirs) as object, message, name);
        t.deepEqual(decodeMessage(schema, ours) as object, message, name);
        const view = (encoded: Uint8Array): object =>
          generated.toObject(generated.decode(encoded), { longs: String, enums: String, bytes: Array });
        t.deepEqual(view(ours), view(theirs), name);
      }),
      { numRuns: 25 },
    );
  }
});

test('any bytes are read or refused as invalid-argument', (t) => {
  for (const [name, schema] of schemas)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (encoded) => {
        try {
          decodeMessage(schema, encoded);
        } catch (error) {
          t.true(error instanceof TanistError && error.code === 'invalid-argument', `${name}: ${error}`);
        }
      }),
      { numRuns: 60 },
    );
});

test('text that is not UTF-8 is refused, bytes may be anything', (t) => {
  const { roleAdd } = methods.authMethods;
  const bad = Buffer.from([0x0a, 2, 0xc3, 0x28]);
  t.throws(() => decodeMessage(roleAdd.request, bad), { message: /UTF-8/ });
  t.is(decodeMessage(methods.lockMethods.unlock.request, bad).key.length, 2);
});
