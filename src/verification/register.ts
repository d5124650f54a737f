import { unreachable } from '../foundation/assert.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { absent, type Register, type RegisterState, stepRegister } from './register-step.ts';
import { registerValues } from './register-values.ts';

/** One key of an MVCC store. A revision that an answer names is checked, one that it leaves out (null) is not. */
export type RegisterInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  /** Puts what is there and `value` behind it. */
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
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
  /** `found` null: not said. */
  | { readonly kind: 'deleted'; readonly found: boolean | null }
  | { readonly kind: 'swapped'; readonly succeeded: boolean; readonly revision: number | null };

const model: Omit<Model<RegisterState, RegisterInput, RegisterOutput>, 'init'> = {
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
  blind: ({ input, output }) =>
    input.kind === 'put' ||
    (input.kind === 'delete' && (output?.kind !== 'deleted' || output.found === null)),
  explains,
  values: registerValues,
  describe: (operation) => `${operation.caller}: ${describeRegister(operation)}`,
};

function same(a: Register, b: Register): boolean {
  return a.value === b.value && a.revision === b.revision && a.floor === b.floor;
}

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** The answer names the value or the revision that the other wrote. */
function explains(write: RegisterOperation, { input, output }: RegisterOperation): boolean {
  const written =
    write.input.kind === 'delete' ? null : 'value' in write.input ? write.input.value : undefined;
  if (written === undefined) return false;
  if (input.kind === 'cas' && input.expected === written) return true;
  if (input.kind === 'casRevision' && write.output !== undefined && 'revision' in write.output)
    return write.output.revision === input.expected;
  if (output?.kind !== 'got') return output?.kind === 'deleted' && output.found === (written !== null);
  return write.input.kind === 'append'
    ? (output.value?.includes(write.input.value) ?? false)
    : output.value === written;
}

/** `put k=a -> @7`, `get k -> a @7`, `cas k a→b -> no`. */
export function describeRegister({ input, output }: RegisterOperation): string {
  const revision = output !== undefined && 'revision' in output ? output.revision : null;
  const at = revision === null ? '' : ` @${revision}`;
  const answer = output === undefined ? '?' : answerOf(output) + at;
  switch (input.kind) {
    case 'get':
    case 'delete':
      return `${input.kind} ${input.key} -> ${answer}`;
    case 'put':
    case 'append':
      return `${input.kind} ${input.key}=${input.value} -> ${answer}`;
    case 'cas':
      return `cas ${input.key} ${input.expected ?? 'absent'}→${input.value} -> ${answer}`;
    case 'casRevision':
      return `cas ${input.key} @${input.expected}→${input.value} -> ${answer}`;
    default:
      return unreachable(input);
  }
}

function answerOf(output: RegisterOutput): string {
  switch (output.kind) {
    case 'got':
      return output.value ?? 'absent';
    case 'put':
      return 'ok';
    case 'deleted':
      return output.found === false ? 'absent' : 'ok';
    case 'swapped':
      return output.succeeded ? 'ok' : 'no';
    default:
      return unreachable(output);
  }
}

/** The same where every key begins with a value (null: absent). */
export function registerModelFrom(value: string | null): Model<RegisterState, RegisterInput, RegisterOutput> {
  const initial: RegisterState = [value === null ? absent : { value, revision: null, floor: 0 }];
  return { ...model, init: () => initial };
}

/** Registers by key: put, get, append, delete, compare-and-swap; absent in the beginning. */
export const registerModel = registerModelFrom(null);
