import { Worker } from 'node:worker_threads';
import { asError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

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
  | { readonly kind: 'armed'; readonly port: number }
  | { readonly kind: 'absent'; readonly reason: string };

/** Between the beginning of the thread and its process's word that it is armed. */
const startMs = 5_000;
/** It holds next to nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, codeRangeSizeMb: 4 };

/**
 * The kernel closes a killed process's sockets only after it has freed its memory: 10 ms for every 100 MB. The threads of the process end before that,
 * all but one of them at once, and with a thread the parent-death signal is sent to the children that it began (prctl(2), PR_SET_PDEATHSIG). The sentinel is begun
 * by a thread that does nothing else; it holds a listening socket and next to no memory, so what is connected to it is reset a millisecond after the kill, or a few.
 *
 * Linux with `setpriv` (util-linux) and a shell; without them there is none, and a death is seen when the kernel has closed the node's own sockets.
 * `host`: where it listens, at a port that the system chooses.
 */
export function startSentinel(host: string, clock: Clock): Promise<Sentinel | NoSentinel> {
  return new Promise((resolve) => {
    let worker: Worker;
    try {
      worker = new Worker(new URL('./sentinel-thread.js', import.meta.url), {
        workerData: { host },
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
      timer.cancel();
      resolve({ port: news.port, ended, close });
    });
    worker.once('error', (error) => absent(error.message));
    worker.once('exit', end);
  });
}
