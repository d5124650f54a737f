import { unreachable } from '../../foundation/assert.ts';
import type { Operation } from '../history.ts';
import type { Model } from '../linearizability/model.ts';
import { absent, type Register, type RegisterState, stepRegister } from './register-step.ts';
import type { RegisterInput, RegisterOutput } from './register-types.ts';
import { registerValues } from './register-values.ts';

export type { RegisterInput, RegisterOutput } from './register-types.ts';

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

/** The value or the revision that was written makes the answer possible. Of a swap of unknown outcome: makes it possible that it succeeded. */
function explains(write: RegisterOperation, { input, output }: RegisterOperation): boolean {
  const appends = write.input.kind === 'append';
  const written =
    write.input.kind === 'delete' ? null : 'value' in write.input ? write.input.value : undefined;
  if (written === undefined) return false;
  const failed = output?.kind === 'swapped' && !output.succeeded;
  switch (input.kind) {
    case 'get': {
      const got = output?.kind === 'got' ? output.value : undefined;
      return appends && written !== null ? (got?.includes(written) ?? false) : got === written;
    }
    case 'cas':
      return appends || (written === input.expected) !== failed;
    case 'casRevision': {
      const revision =
        write.output !== undefined && 'revision' in write.output ? write.output.revision : null;
      return failed || revision === null || revision === input.expected;
    }
    case 'delete':
      return output?.kind === 'deleted' && output.found !== null && output.found === (written !== null);
    case 'append':
      return true;
    case 'put':
      return false;
    default:
      return unreachable(input);
  }
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
