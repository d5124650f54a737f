import { byteStringOfText, emptyBytes, textOf } from '../../../foundation/bytes.ts';
import { noLease, type Revision } from '../../../foundation/ids.ts';
import { rangeOf } from '../../../ports/command.ts';
import type { RangeResult } from '../../../ports/result.ts';
import { EtcdError, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type AuthState, decodeAuthState, emptyAuthState, encodeAuthState } from './auth-state.ts';

const space = 'system';
const key = byteStringOfText('auth');
/** Tries before a change that others keep overtaking gives up. */
const tries = 16;

export interface AuthSnapshot {
  readonly state: AuthState;
  /** 1, and one more with every change, as in etcd. */
  readonly revision: number;
  /** Of the key, to see whether anybody was faster. */
  readonly modified: Revision;
}

/**
 * Users and roles in one key of the system space: every change is a transaction of the log that replaces the whole, if it is still the one
 * that was read. They are few, and change seldom.
 */
export class AuthStore {
  readonly #face: EtcdFace;

  constructor(face: EtcdFace) {
    this.#face = face;
  }

  /** As new as everything acknowledged before. Rejects with an EtcdError. */
  async read(): Promise<AuthSnapshot> {
    const { values } = await new Promise<RangeResult>((resolve, reject) =>
      this.#face.read(request, false, (outcome) => {
        if (outcome instanceof EtcdError) reject(outcome);
        else resolve(outcome);
      }),
    );
    const found = values[0];
    if (found === undefined) return { state: emptyAuthState, revision: 1, modified: 0 as Revision };
    return {
      state: decodeAuthState(textOf(found.value)),
      revision: found.version + 1,
      modified: found.modRevision,
    };
  }

  /** `edit` gives the next state, throws what is wrong, or gives the same state back when there is nothing to do. */
  async change(edit: (state: AuthState) => AuthState): Promise<void> {
    for (let i = 0; i < tries; i++) {
      const { state, modified } = await this.read();
      const next = edit(state);
      if (next === state) return;
      const { succeeded } = await this.#face.proposed({
        kind: 'txn',
        space,
        compares: [{ key, rangeEnd: emptyBytes, result: 'equal', target: 'mod', number: modified }],
        success: [
          {
            kind: 'put',
            space,
            key,
            value: byteStringOfText(encodeAuthState(next)),
            lease: noLease,
            previous: false,
            ignoreValue: false,
            ignoreLease: false,
          },
        ],
        failure: [],
      });
      if (succeeded) return;
    }
    throw etcdError('tooManyRequests');
  }
}

/** With one entry put in or replaced; or, with null, taken out. */
export function withEntry<T>(
  map: ReadonlyMap<string, T>,
  name: string,
  value: T | null,
): ReadonlyMap<string, T> {
  const copy = new Map(map);
  if (value === null) copy.delete(name);
  else copy.set(name, value);
  return copy;
}

export function sortedWith(names: readonly string[], name: string): readonly string[] {
  return [...new Set([...names, name])].sort();
}

const request = rangeOf(space, key);
