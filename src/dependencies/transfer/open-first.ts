import { asError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Incoming, Source } from './source.ts';

export interface OpenPorts {
  readonly clock: Clock;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** A peer refused, or did not answer in time: said of those that were left meanwhile, too. */
  readonly failed: (source: Source, error: Error) => void;
}

export interface Opened {
  readonly source: Source;
  readonly incoming: Incoming;
}

/**
 * The first of the peers that begins to answer: the next one is asked as soon as one fails, and beside one that keeps silent for 0.3 `stallMs`; upstream
 * beside them after 1.5 `stallMs`, or 2 where one of them says that it fetches the object itself: so any number of silent ones costs no more than that. What
 * answers later is left. Null: none of the peers answers, and upstream, if it was asked at all, neither.
 */
export function openFirst(
  peers: readonly Source[],
  upstream: Source | null,
  from: number,
  { clock, stallMs, signal, failed }: OpenPorts,
): Promise<Opened | null> {
  return new Promise((resolve) => {
    const asked = new Map<Source, AbortController>();
    let next = 0;
    let open = 0;
    let isOver = false;
    let hedge: Timer | null = null;
    const end = (opened: Opened | null): void => {
      isOver = true;
      hedge?.cancel();
      late?.cancel();
      resolve(opened);
    };
    const ask = (source: Source): void => {
      open++;
      const leaving = new AbortController();
      asked.set(source, leaving);
      source.open(from, null, AbortSignal.any([signal, leaving.signal])).then(
        (incoming) => {
          open--;
          if (isOver) {
            leaving.abort();
            return;
          }
          end({ source, incoming });
          // Whether the others answer is still to be learned; upstream has nothing to learn of.
          if (upstream !== null && upstream !== source) asked.get(upstream)?.abort();
        },
        (error: unknown) => {
          open--;
          if (source !== upstream) failed(source, asError(error));
          if (!isOver) askNext();
        },
      );
    };
    const askNext = (): void => {
      hedge?.cancel();
      const source = signal.aborted ? undefined : peers[next++];
      if (source !== undefined) {
        hedge = clock.after(0.3 * stallMs, askNext);
        ask(source);
      } else if (open === 0) end(null);
    };
    const patience = peers.every(({ givesParts }) => givesParts) ? 1.5 : 2;
    const late = upstream === null ? null : clock.after(patience * stallMs, () => ask(upstream));
    askNext();
  });
}
