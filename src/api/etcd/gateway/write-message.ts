import { unreachable } from '../../../foundation/assert.ts';
import { type ByteString, bytesOf } from '../../../foundation/bytes.ts';
import { decodeMessage } from '../../../protocol/etcd/codec.ts';
import type { AnySchema, Field } from '../../../protocol/etcd/schema.ts';

/** The only integers of 32 bits in the API, which proto3 JSON writes as numbers; those of 64 bits are strings. */
const narrow: ReadonlySet<string> = new Set(['hash']);

/** An encoded message in the JSON form of etcd's gateway: the API's own field names, fields with their default value left out. */
export function writeMessage(schema: AnySchema, encoded: Uint8Array): string {
  return write(schema, decodeMessage(schema, encoded));
}

function write(schema: AnySchema, message: Readonly<Record<string, unknown>>): string {
  let json = '';
  for (const name in schema.fields) {
    const field = schema.fields[name];
    if (field === undefined) continue;
    const value = message[name];
    const written = field.repeated
      ? writeMany(name, field, value as readonly unknown[])
      : writeOne(name, field, value, field.optional);
    if (written !== null) json += `${json === '' ? '' : ','}"${name}":${written}`;
  }
  return `{${json}}`;
}

function writeMany(name: string, field: Field<unknown>, values: readonly unknown[]): string | null {
  if (values.length === 0) return null;
  return `[${values.map((value) => writeOne(name, field, value, true)).join(',')}]`;
}

/** One value of a field; null: it is left out. */
export function writeField(name: string, field: Field<unknown>, value: unknown): string | null {
  return writeOne(name, field, value, field.repeated || field.optional);
}

/** Null: left out. */
function writeOne(name: string, field: Field<unknown>, value: unknown, always: boolean): string | null {
  if (value === null) return null;
  switch (field.type) {
    case 'int':
      if (value === 0 && !always) return null;
      return narrow.has(name) ? String(value) : `"${value}"`;
    case 'id':
      return value === 0n && !always ? null : `"${value}"`;
    case 'lease':
      return value === 0n && !always ? null : `"${BigInt.asIntN(64, value as bigint)}"`;
    case 'bool':
      return value === true ? 'true' : always ? 'false' : null;
    case 'bytes':
      return value === '' && !always ? null : `"${bytesOf(value as ByteString).toString('base64')}"`;
    case 'text':
      return value === '' && !always ? null : JSON.stringify(value);
    case 'enum':
      return value === field.names[0] && !always ? null : `"${value}"`;
    case 'message':
      return write(field.schema(), value as Readonly<Record<string, unknown>>);
    default:
      return unreachable(field.type);
  }
}
