import type { ByteString } from '../../../../../src/foundation/bytes.ts';
import type { EtcdMethod } from '../../../../../src/protocol/etcd/methods.ts';
import type { Differs } from './sides.ts';

export interface OddCall {
  readonly name: string;
  readonly method: EtcdMethod;
  /** Bytes where no schema says it. */
  readonly request: object;
  readonly differs?: Differs;
  /** etcd's process would end. */
  readonly endsEtcd?: boolean;
}

/** On a connection of its own; all of a table at the same time, so they change nothing. */
export interface OddStream {
  readonly name: string;
  readonly method: EtcdMethod;
  /** Sent without waiting. */
  readonly requests: readonly object[];
  /** Responses that etcd has for them, before the end of the stream if there is one. */
  readonly answers: number;
  readonly differs?: Differs;
}

export const b = (text: string): ByteString => text as ByteString;

type FieldValue = number | bigint | string | Buffer;

export type WireFields = readonly (readonly [number: number, value: FieldValue])[];

/** A protobuf message of any fields with any values: signed numbers, bytes one a character, messages. */
export function wire(...fields: WireFields): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number' || typeof value === 'bigint') return [varint(number << 3), varint(value)];
      const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
