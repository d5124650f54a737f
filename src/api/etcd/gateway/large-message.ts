import { AssertionError } from '../../../foundation/assert.ts';
import { decodeMessage } from '../../../protocol/etcd/codec.ts';
import type { AnySchema } from '../../../protocol/etcd/schema.ts';
import { writeField } from './write-message.ts';

/** What is larger is turned into JSON in pieces, between which others have their turn. */
export const pieceBytes = 64 * 1024;

/**
 * The same text as `writeMessage`, in pieces of about `pieceBytes`. Relies on our own encoders: fields come in order, each once, and
 * those of a repeated one together.
 */
export function* messagePieces(schema: AnySchema, encoded: Buffer): Generator<string, void> {
  let text = '{';
  let open: string | null = null;
  let first = true;
  for (let at = 0; at < encoded.length; ) {
    const end = endOfField(encoded, at);
    const [name, field] = schema.byNumber.get(Math.floor(varint(encoded, at)[0] / 8)) ?? [null, null];
    const record = encoded.subarray(at, end);
    at = end;
    if (name === null) continue;
    const value = decodeMessage(schema, record)[name];
    if (open !== null && open !== name) {
      text += ']';
      open = null;
    }
    for (const each of field.repeated ? (value as readonly unknown[]) : [value]) {
      const written = writeField(name, field, each);
      if (written === null) continue;
      text += first || open === name ? '' : ',';
      if (open === name) text += ',';
      else text += field.repeated ? `"${name}":[` : `"${name}":`;
      text += written;
      first = false;
      if (field.repeated) open = name;
    }
    if (text.length >= pieceBytes) {
      yield text;
      text = '';
    }
  }
  yield `${text}${open === null ? '' : ']'}}`;
}

/** Of the field whose tag is at `at`. */
function endOfField(bytes: Buffer, at: number): number {
  const [tag, body] = varint(bytes, at);
  const type = tag % 8;
  if (type === 0) return varint(bytes, body)[1];
  if (type !== 2) throw new AssertionError(`no message of ours has wire type ${type}`);
  const [length, start] = varint(bytes, body);
  return start + length;
}

/** The value, as far as a number holds it, and the position behind it. */
function varint(bytes: Buffer, at: number): readonly [value: number, end: number] {
  let value = 0;
  for (let i = 0; ; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
}
