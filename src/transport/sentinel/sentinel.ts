import type { ChildProcess } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { asError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { Loan } from './loan.ts';
import { armed, beginProcess, unref } from './sentinel-process.ts';

/** A small process that ends when this one does, and what its peers connect to. */
export interface Sentinel {
  /** Whoever has connected there sees the connection break when the sentinel ends. Nothing is ever read or written. */
  readonly port: number;
  /** Resolves when it has ended, also after `close`. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Why there is none. */
export interface NoSentinel {
  readonly reason: string;
}

/** What its thread says. */
export type SentinelNews =
  | {
      readonly kind: 'armed';
      readonly port: number;
      /** The descriptor that the sentinel's input hangs on, lent until the loan is over. */
      readonly lifeline: number;
      /** Descriptors that the second process need not have either. */
      readonly unwanted: readonly number[];
    }
  | { readonly kind: 'absent'; readonly reason: string };

export interface SentinelThreadData {
  readonly host: string;
  readonly loan: SharedArrayBuffer;
}

/** Between the beginning of the thread and its process's word that it is armed. */
const startMs = 5_000;
/** It holds next to nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, codeRangeSizeMb: 4 };

/**
 * The kernel closes a killed process's sockets only after it has freed its memory: 10 ms for every 100 MB. The threads of the process end before that,
 * all but one of them at once, and with a thread the parent-death signal is sent to the children that it began (prctl(2), PR_SET_PDEATHSIG). The sentinel is begun
 * by a thread that does nothing else; it holds a listening socket and next to no memory, so what is connected to it is reset a millisecond after the kill, or a few.
 *
 * The thread that ends last frees the memory before its children hear of its end, and one kill of ten or so it is that one. So there is a second process, begun by
 * the main thread in the same way, which alone holds the other end of the sentinel's input: the sentinel ends with whichever of the two threads ends first.
 *
 * Linux with `setpriv` (util-linux) and a shell; without them there is none, and a death is seen when the kernel has closed the node's own sockets.
 * `host`: where it listens, at a port that the system chooses. `watched`: with the second process, whose beginning holds the main thread up (a tenth of a second
 * with 500 MB), so only before anybody is served.
 */
export function startSentinel(host: string, clock: Clock, watched: boolean): Promise<Sentinel | NoSentinel> {
  return new Promise((resolve) => {
    const loan = new SharedArrayBuffer(4);
    let worker: Worker;
    let watcher: ChildProcess | null = null;
    try {
      worker = new Worker(new URL('./sentinel-thread.js', import.meta.url), {
        workerData: { host, loan } satisfies SentinelThreadData,
        // Those of the node may not be for a thread.
        execArgv: [],
        resourceLimits,
      });
    } catch (error) {
      // No thread to be had.
      resolve({ reason: asError(error).message });
      return;
    }
    worker.unref();
    let end = (): void => {};
    const ended = new Promise<void>((settle) => {
      end = settle;
    });
    const close = (): void => {
      // Its end is waited for.
      worker.ref();
      worker.postMessage('end');
    };
    const absent = (reason: string): void => {
      timer.cancel();
      close();
      resolve({ reason });
    };
    const timer = clock.after(startMs, () => absent(`not armed after ${startMs / 1000} s`));
    worker.on('message', (news: SentinelNews) => {
      if (news.kind === 'absent') return absent(news.reason);
      new Loan(loan).use(() => {
        watcher = !watched ? null : watcherOf(news.lifeline, news.unwanted);
        return watcher !== null;
      });
      const there = (): void => {
        timer.cancel();
        resolve({ port: news.port, ended, close });
      };
      if (watcher === null) there();
      // One that fails takes the sentinel with it, which says all.
      else armed(watcher).then(there, () => {});
    });
    worker.once('error', (error) => absent(error.message));
    worker.once('exit', () => {
      watcher?.kill('SIGKILL');
      end();
    });
  });
}

/** Null: it could not be begun; then the sentinel has its first watcher alone. */
function watcherOf(lifeline: number, unwanted: readonly number[]): ChildProcess | null {
  if (lifeline < 0) return null;
  try {
    const watcher = beginProcess(lifeline, unwanted);
    watcher.once('error', () => {});
    unref(watcher);
    return watcher.pid === undefined ? null : watcher;
  } catch {
    return null;
  }
}
