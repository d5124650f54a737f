import type { Operation } from '../history.ts';
import type { Model } from '../linearizability/model.ts';

export interface MutexInput {
  readonly kind: 'acquire' | 'release';
  readonly lock: string;
}

/** That it was done; one that was refused did nothing and is a failed operation. */
export interface MutexOutput {
  readonly kind: 'done';
}

/** Locks as linearizable objects: free or held, by whomever (Knossos' mutex). For histories without leases. */
export const mutexModel: Model<boolean, MutexInput, MutexOutput> = {
  init: () => false,
  step(held, { kind }, output) {
    const fits = (kind === 'release') === held;
    if (fits) return kind === 'acquire';
    return output === undefined ? held : undefined;
  },
  equal: (a, b) => a === b,
  partition(operations) {
    const parts = new Map<string, Operation<MutexInput, MutexOutput>[]>();
    for (const operation of operations) {
      const part = parts.get(operation.input.lock);
      if (part === undefined) parts.set(operation.input.lock, [operation]);
      else part.push(operation);
    }
    return [...parts.values()];
  },
  readOnly: () => false,
  describe: ({ caller, input, output }) =>
    `${caller}: ${input.kind} ${input.lock}${output === undefined ? ' -> ?' : ''}`,
};
