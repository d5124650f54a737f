import { unreachable } from '../foundation/assert.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';

/** One key of an MVCC store. A revision that an answer names is checked, one that it leaves out (null) is not. */
export type RegisterInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'delete'; readonly key: string }
  /** Puts `value` if the present one is `expected` (null: absent). */
  | {
      readonly kind: 'cas';
      readonly key: string;
      readonly expected: string | null;
      readonly value: string;
    }
  /** Puts `value` if the key was last modified at `expected` (0: absent). */
  | {
      readonly kind: 'casRevision';
      readonly key: string;
      readonly expected: number;
      readonly value: string;
    };

/** `revision`: of a write its own, of a get the key's modification revision. */
export type RegisterOutput =
  | { readonly kind: 'got'; readonly value: string | null; readonly revision: number | null }
  | { readonly kind: 'put'; readonly revision: number | null }
  | { readonly kind: 'deleted'; readonly found: boolean }
  | { readonly kind: 'swapped'; readonly succeeded: boolean; readonly revision: number | null };

/** What one key may be. `revision` null: written by an operation that did not learn its revision. */
interface Register {
  readonly value: string | null;
  readonly revision: number | null;
}

/** All that it may be: more than one only after an unknown outcome that depends on an unknown revision. */
export type RegisterState = readonly Register[];

const absent: Register = { value: null, revision: 0 };
const initial: RegisterState = [absent];

/** Registers by key: put, get, delete, compare-and-swap. */
export const registerModel: Model<RegisterState, RegisterInput, RegisterOutput> = {
  init: () => initial,
  step(state, input, output) {
    if (state.length === 1) {
      const only = state[0] ?? absent;
      const after = stepRegister(only, input, output);
      return after.length === 0 ? undefined : after;
    }
    const after: Register[] = [];
    for (const each of state) {
      for (const next of stepRegister(each, input, output)) {
        if (!after.some((other) => same(other, next))) after.push(next);
      }
    }
    return after.length === 0 ? undefined : after;
  },
  equal: (a, b) => a.length === b.length && a.every((each) => b.some((other) => same(each, other))),
  partition(operations) {
    const parts = new Map<string, Operation<RegisterInput, RegisterOutput>[]>();
    for (const operation of operations) {
      const part = parts.get(operation.input.key);
      if (part === undefined) parts.set(operation.input.key, [operation]);
      else part.push(operation);
    }
    return [...parts.values()];
  },
  readOnly: (input) => input.kind === 'get',
  describe: ({ caller, input, output }) =>
    `${caller}: ${JSON.stringify(input)} -> ${output === undefined ? 'unknown' : JSON.stringify(output)}`,
};

function same(a: Register, b: Register): boolean {
  return a.value === b.value && a.revision === b.revision;
}

const none: RegisterState = [];

function stepRegister(
  state: Register,
  input: RegisterInput,
  output: RegisterOutput | undefined,
): RegisterState {
  switch (input.kind) {
    case 'get':
      return output === undefined ? [state] : read(state, output);
    case 'put':
      if (output !== undefined && output.kind !== 'put') return none;
      return write(state, input.value, output?.revision ?? null);
    case 'delete':
      if (output === undefined) return [absent];
      if (output.kind !== 'deleted' || output.found !== (state.value !== null)) return none;
      return [absent];
    case 'cas':
      return swap(state, state.value === input.expected, input.value, output);
    case 'casRevision':
      return swapRevision(state, input.expected, input.value, output);
    default:
      return unreachable(input);
  }
}

function read(state: Register, output: RegisterOutput): RegisterState {
  if (output.kind !== 'got' || output.value !== state.value) return none;
  if (output.revision === null || state.value === null) return [state];
  if (state.revision === null) return [{ value: state.value, revision: output.revision }];
  return state.revision === output.revision ? [state] : none;
}

/** Revisions grow. */
function write(state: Register, value: string, revision: number | null): RegisterState {
  if (revision !== null && state.revision !== null && revision <= state.revision) return none;
  return [{ value, revision }];
}

function swap(
  state: Register,
  matches: boolean,
  value: string,
  output: RegisterOutput | undefined,
): RegisterState {
  if (output === undefined) return matches ? [{ value, revision: null }] : [state];
  if (output.kind !== 'swapped' || output.succeeded !== matches) return none;
  return matches ? write(state, value, output.revision) : [state];
}

function swapRevision(
  state: Register,
  expected: number,
  value: string,
  output: RegisterOutput | undefined,
): RegisterState {
  if (state.revision !== null) return swap(state, state.revision === expected, value, output);
  if (output === undefined) return [state, { value, revision: null }];
  if (output.kind !== 'swapped') return none;
  if (!output.succeeded) return [state];
  return expected === 0 ? none : write({ value: state.value, revision: expected }, value, output.revision);
}
