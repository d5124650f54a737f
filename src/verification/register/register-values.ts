import { unreachable } from '../../foundation/assert.ts';
import type { ValueHints } from '../linearizability/model.ts';
import type { RegisterState } from './register-step.ts';
import type { RegisterInput, RegisterOutput } from './register-types.ts';

export const registerValues: ValueHints<RegisterState, RegisterInput, RegisterOutput> = {
  of: (state) => (state.length === 1 ? state[0]?.value : undefined),
  needs({ input, output }) {
    if (output?.kind === 'got') return output.value;
    if (output?.kind === 'deleted' && output.found === false) return null;
    if (output?.kind === 'swapped' && output.succeeded && input.kind === 'cas') return input.expected;
    return undefined;
  },
  makes({ input, output }) {
    switch (input.kind) {
      case 'get':
        return [];
      case 'append':
        return undefined;
      case 'delete':
        return output?.kind === 'deleted' && output.found === false ? [] : [null];
      case 'put':
        return [input.value];
      case 'cas':
      case 'casRevision':
        return output?.kind === 'swapped' && !output.succeeded ? [] : [input.value];
      default:
        return unreachable(input);
    }
  },
};
