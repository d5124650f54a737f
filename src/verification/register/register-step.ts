import { unreachable } from '../../foundation/assert.ts';
import type { RegisterInput, RegisterOutput } from './register-types.ts';

/**
 * What one key may be. `revision` null: written by an operation that did not learn its revision; 0: absent. `floor`: the highest revision of the
 * key that is known; what comes is above it.
 */
export interface Register {
  readonly value: string | null;
  readonly revision: number | null;
  readonly floor: number;
}

/** All that it may be: more than one only after an unknown outcome that depends on an unknown revision. */
export type RegisterState = readonly Register[];

export const absent: Register = { value: null, revision: 0, floor: 0 };

const none: RegisterState = [];

/** What one key may be after the operation: none if it could not have answered so. */
export function stepRegister(
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
    case 'append':
      if (output !== undefined && output.kind !== 'put') return none;
      return write(state, (state.value ?? '') + input.value, output?.revision ?? null);
    case 'delete':
      if (output !== undefined && !couldDelete(state, output)) return none;
      return [{ value: null, revision: 0, floor: state.floor }];
    case 'cas':
      return swap(state, state.value === input.expected, input.value, output);
    case 'casRevision':
      return swapRevision(state, input.expected, input.value, output);
    default:
      return unreachable(input);
  }
}

function couldDelete(state: Register, output: RegisterOutput): boolean {
  return output.kind === 'deleted' && (output.found ?? state.value !== null) === (state.value !== null);
}

function read(state: Register, output: RegisterOutput): RegisterState {
  if (output.kind !== 'got' || output.value !== state.value) return none;
  if (output.revision === null || state.value === null) return [state];
  if (state.revision === null) return known(state.value, output.revision, state.floor);
  return state.revision === output.revision ? [state] : none;
}

function write(state: Register, value: string, revision: number | null): RegisterState {
  if (revision === null) return [{ value, revision, floor: state.floor }];
  return known(value, revision, state.floor);
}

/** Revisions grow. */
function known(value: string | null, revision: number, floor: number): RegisterState {
  return revision > floor ? [{ value, revision, floor: revision }] : none;
}

function swap(
  state: Register,
  matches: boolean,
  value: string,
  output: RegisterOutput | undefined,
): RegisterState {
  if (output === undefined) return matches ? write(state, value, null) : [state];
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
  const possible = expected > state.floor;
  if (output === undefined) return possible ? [state, ...write(state, value, null)] : [state];
  if (output.kind !== 'swapped') return none;
  if (!output.succeeded) return [state];
  return possible ? write({ ...state, floor: expected }, value, output.revision) : none;
}
