/**
 * Work that may be laid down wherever it yields and taken up in a later turn of the event loop. Between two slices the state is not
 * whole: nobody reads it, and nothing else changes it. Where it yields depends on the state and the command, never on time, and what comes
 * out does not depend on where it yields.
 */
export type Slices<T> = Generator<undefined, T, undefined>;

/** All of it at once. */
export function finish<T>(slices: Slices<T>): T {
  for (;;) {
    const step = slices.next();
    if (step.done === true) return step.value;
  }
}

/** Keys changed or looked at in a slice, about: a millisecond or two. */
export const defaultKeysPerSlice = 512;
