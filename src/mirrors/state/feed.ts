import { TanistError } from '../../foundation/errors.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type {
  ClientKeyValue,
  RangeAnswer,
  RangeOptions,
  StateClient,
  WatchBatch,
} from '../../ports/state-client.ts';
import { livePrefix, livePrefixEnd } from './keys.ts';

/** `all`: everything below `mirrors/live/` as of one revision. `changes`: what came after it, in order. */
export type FeedPart =
  | { readonly kind: 'all'; readonly at: Revision; readonly found: readonly ClientKeyValue[] }
  | { readonly kind: 'changes'; readonly batch: WatchBatch };

/** Where a process has the mirrors from: first all of them, then their changes, for as long as it lasts. */
export interface Feed {
  /** Null: the cluster's own word, which only a quorum gives. */
  readonly replica: ReplicaWord | null;
  follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined>;
}

/** What a replica last said of itself. */
export interface ReplicaWord {
  readonly endpoint: string;
  readonly revision: Revision;
  /** When what it holds was the source's, by our monotonic clock. */
  readonly asOfMonoMs: number;
}

const pageKeys = 500;

/** Reads all pages; `next` reads the one that begins there. */
export async function pages(
  next: (from: string | Uint8Array, options: RangeOptions) => Promise<RangeAnswer>,
  found: (answer: RangeAnswer) => void,
): Promise<void> {
  let from: string | Uint8Array = livePrefix;
  for (;;) {
    const answer = await next(from, { rangeEnd: livePrefixEnd, limit: pageKeys });
    found(answer);
    const last = answer.values.at(-1);
    if (!answer.more || last === undefined) return;
    from = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

export class ClusterFeed implements Feed {
  readonly replica = null;
  readonly #client: StateClient;
  readonly #deadlineMs: number | null;

  /** `deadlineMs`: of each read at first; null: the client's. */
  constructor(client: StateClient, deadlineMs: number | null = null) {
    this.#client = client;
    this.#deadlineMs = deadlineMs;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined> {
    const found: ClientKeyValue[] = [];
    let at: Revision | null = null;
    const limited = this.#deadlineMs === null ? { signal } : { signal, deadlineMs: this.#deadlineMs };
    await pages(
      (from, page) =>
        this.#client.get(from, { ...page, ...limited, ...(at === null ? {} : { revision: at }) }),
      (answer) => {
        at ??= answer.revision;
        found.push(...answer.values);
      },
    );
    const all = at ?? revision(0);
    const watch = this.#client.watch(livePrefix, {
      prefix: true,
      fromRevision: revision(all + 1),
      signal,
    });
    yield { kind: 'all', at: all, found };
    for await (const batch of watch) yield { kind: 'changes', batch };
    if (!signal.aborted) throw new TanistError('unavailable', 'the watch of the mirrors ended');
  }
}
