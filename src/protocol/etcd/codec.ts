import { unreachable } from '../../foundation/assert.ts';
import type { ByteString } from '../../foundation/bytes.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import type { AnySchema, Field, Given, Message } from './schema.ts';

/** Fails with `invalid-argument` on bytes that are none such. Unknown fields, and unknown members of repeated enums, are skipped; strings must be UTF-8. */
export function decodeMessage<S extends AnySchema>(schema: S, encoded: Uint8Array): Message<S> {
  return read(new WireReader(encoded), schema) as Message<S>;
}

export function encodeMessage<S extends AnySchema>(schema: S, given: Given<S>): Buffer {
  const writer = new WireWriter(128);
  write(writer, schema, given as Record<string, unknown>);
  return writer.finish();
}

function read(reader: WireReader, schema: AnySchema): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name in schema.fields) found[name] = schema.fields[name]?.absent;
  while (reader.more()) {
    const known = schema.byNumber.get(reader.next());
    if (known === undefined) {
      reader.skip();
      continue;
    }
    const [name, field] = known;
    if (schema.isUnion) for (const other in found) found[other] = null;
    if (!field.repeated) found[name] = readValue(reader, field);
    else found[name] = readRepeated(reader, field, found[name] as unknown[]);
  }
  return found;
}

function readRepeated(reader: WireReader, field: Field<unknown>, before: unknown[]): unknown[] {
  // The absent value is shared.
  const values = before.length === 0 ? [] : before;
  if (field.type === 'enum') reader.knownOf(field.names, values);
  else values.push(readValue(reader, field));
  return values;
}

function readValue(reader: WireReader, field: Field<unknown>): unknown {
  switch (field.type) {
    case 'int':
      return reader.int();
    case 'id':
    case 'lease':
      return reader.uint64();
    case 'bool':
      return reader.bool();
    case 'bytes':
      return reader.bytes();
    case 'text':
      return reader.utf8();
    case 'enum':
      return reader.oneOf(field.names);
    case 'message': {
      const outer = reader.enter();
      const value = read(reader, field.schema());
      reader.leave(outer);
      return value;
    }
    default:
      return unreachable(field.type);
  }
}

function write(writer: WireWriter, schema: AnySchema, given: Record<string, unknown>): void {
  for (const name in schema.fields) {
    const field = schema.fields[name];
    const value = given[name];
    if (field === undefined || value === undefined || value === null) continue;
    if (!field.repeated) writeValue(writer, field, value, field.optional);
    else if (field.type === 'enum') {
      const numbers = (value as readonly string[]).map((each) => field.names.indexOf(each));
      writer.uints(field.number, numbers);
    } else for (const each of value as readonly unknown[]) writeValue(writer, field, each, true);
  }
}

function writeValue(writer: WireWriter, field: Field<unknown>, value: unknown, always: boolean): void {
  const { number } = field;
  switch (field.type) {
    case 'int':
      if (always) writer.intAlways(number, value as number);
      else writer.int(number, value as number);
      return;
    case 'id':
    case 'lease':
      if (always) writer.uint64Always(number, value as bigint);
      else writer.uint64(number, value as bigint);
      return;
    case 'bool':
      writer.bool(number, value as boolean);
      return;
    case 'bytes':
      if (always) writer.bytesAlways(number, value as ByteString);
      else writer.bytes(number, value as ByteString);
      return;
    case 'text':
      if (always) writer.textAlways(number, value as string);
      else writer.text(number, value as string);
      return;
    case 'enum':
      writer.uint(number, field.names.indexOf(value as string));
      return;
    case 'message': {
      const mark = writer.begin(number, 64);
      write(writer, field.schema(), value as Record<string, unknown>);
      writer.end(mark);
      return;
    }
    default:
      unreachable(field.type);
  }
}
