/**
 * Stretches of a thread's work that nobody may end from outside. A thread terminated inside a native library takes the whole process with
 * it: on return the library finds an environment that takes no more calls, throws C++'s way, and nobody catches that. So the thread says in
 * shared memory when it is inside, and the host asks there before it terminates. Both sides change the word by compare-and-exchange:
 * between asking and terminating the thread cannot slip in.
 */
import { workerData } from 'node:worker_threads';

/** What the shared word says. `ending`: it will be terminated, do not enter; `leaving`: end yourself when you come out. */
const word = { outside: 0, inside: 1, ending: 2, leaving: 3 } as const;

export const newSection = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));

/** The host's side: whether the thread may be terminated now. If not, it ends by itself as soon as it comes out. */
export function mayTerminate(section: Int32Array): boolean {
  for (;;) {
    const seen = Atomics.compareExchange(section, 0, word.outside, word.ending);
    if (seen === word.outside || seen === word.ending) return true;
    if (seen === word.leaving) return false;
    // It may come out between the two; then it is outside, and asked again.
    if (Atomics.compareExchange(section, 0, word.inside, word.leaving) === word.inside) return false;
  }
}

/** Holds this thread until that one is outside and goes in no more, or for `timeoutMs`: for the end of the process, which ends all threads. */
export function awaitOutside(section: Int32Array, timeoutMs: number): void {
  if (!mayTerminate(section)) Atomics.wait(section, 0, word.leaving, timeoutMs);
}

/** This thread's word; none outside a worker, where nobody terminates. */
const own: Int32Array | null = workerData instanceof Int32Array ? workerData : null;
let depth = 0;

/** Runs what calls into a native library. Where the thread is to end, it never returns. */
export async function inNativeSection<T>(act: () => Promise<T>): Promise<T> {
  if (own === null) return act();
  if (depth === 0 && Atomics.compareExchange(own, 0, word.outside, word.inside) !== word.outside)
    return new Promise<never>(() => {});
  depth += 1;
  try {
    return await act();
  } finally {
    depth -= 1;
    if (depth === 0 && Atomics.compareExchange(own, 0, word.inside, word.outside) !== word.inside) {
      Atomics.store(own, 0, word.ending);
      Atomics.notify(own, 0);
      // Its own end, from JavaScript, is clean.
      process.exit(0);
    }
  }
}
