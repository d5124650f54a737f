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
