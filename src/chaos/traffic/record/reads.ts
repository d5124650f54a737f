import { asBuffer } from '../../../foundation/bytes.ts';
import type { ClientKeyValue } from '../../../ports/state-client.ts';

export interface ReadValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
}

/** A read of whole ranges as of one revision, by whatever consistency: what it shows must be the state at that revision. */
export interface Read {
  readonly kind: 'linearizable' | 'serializable' | 'past' | 'predicted';
  /** Who answered, or how it was asked. */
  readonly at: string;
  /** A key, or the prefix of all keys that were asked for. */
  readonly key: string;
  readonly prefix: boolean;
  readonly revision: number;
  readonly values: readonly ReadValue[];
}

/** Reads that are held against the history at the end of the window. */
export class Reads {
  readonly all: Read[] = [];

  saw(
    kind: Read['kind'],
    at: string,
    key: string,
    prefix: boolean,
    answer: { readonly revision: number; readonly values: readonly ClientKeyValue[] },
  ): void {
    this.all.push({ kind, at, key, prefix, revision: answer.revision, values: answer.values.map(readValue) });
  }
}

export function readValue({ key, value, modRevision }: ClientKeyValue): ReadValue {
  return { key: asBuffer(key).toString(), value: asBuffer(value).toString(), modRevision };
}
