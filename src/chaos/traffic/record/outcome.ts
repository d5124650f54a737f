import { AssertionError } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';

/**
 * How a call ended. `fail`: certainly without effect, which only a `TanistError` without `indeterminate` says (the client's invariant 3). Whatever else
 * was thrown leaves the outcome unknown.
 */
export type Outcome<Answer> =
  | { readonly kind: 'ok'; readonly answer: Answer }
  | { readonly kind: 'fail'; readonly error: TanistError }
  | { readonly kind: 'indeterminate'; readonly error: unknown };

export async function outcomeOf<Answer>(call: () => Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { kind: 'ok', answer: await call() };
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    if (error instanceof TanistError && !error.indeterminate) return { kind: 'fail', error };
    return { kind: 'indeterminate', error };
  }
}
