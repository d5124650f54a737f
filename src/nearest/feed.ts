import { TanistError } from '../foundation/errors.ts';
import { type Revision, revision } from '../foundation/ids.ts';
import type {
  ClientKeyValue,
  RangeAnswer,
  RangeOptions,
  StateClient,
  WatchBatch,
} from '../ports/state-client.ts';

/** `all`: everything below the prefix as of one revision. `changes`: what came after it, in order. */
export type FeedPart =
  | { readonly kind: 'all'; readonly at: Revision; readonly found: readonly ClientKeyValue[] }
  | { readonly kind: 'changes'; readonly batch: WatchBatch };

/** Where a process has the keys of a prefix from: first all of them, then their changes, for as long as it lasts. */
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

/** First key beyond those that start with it; the prefix must not end with byte 255. */
export function endOf(prefix: string): Uint8Array {
  const end = Buffer.from(prefix, 'utf8');
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** Reads all pages of a prefix; `next` reads the one that begins there. */
export async function pages(
  prefix: string,
  next: (from: string | Uint8Array, options: RangeOptions) => Promise<RangeAnswer>,
  found: (answer: RangeAnswer) => void,
): Promise<void> {
  const rangeEnd = endOf(prefix);
  let from: string | Uint8Array = prefix;
  for (;;) {
    const answer = await next(from, { rangeEnd, limit: pageKeys });
    found(answer);
    const last = answer.values.at(-1);
    if (!answer.more || last === undefined) return;
    from = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

export class ClusterFeed implements Feed {
  readonly replica = null;
  readonly #client: StateClient;
  readonly #prefix: string;
  readonly #deadlineMs: number | null;

  /** `deadlineMs`: of each read at first; null: the client's. */
  constructor(client: StateClient, prefix: string, deadlineMs: number | null = null) {
    this.#client = client;
    this.#prefix = prefix;
    this.#deadlineMs = deadlineMs;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined> {
    const found: ClientKeyValue[] = [];
    let at: Revision | null = null;
    const limited = this.#deadlineMs === null ? { signal } : { signal, deadlineMs: this.#deadlineMs };
    await pages(
      this.#prefix,
      (from, page) =>
        this.#client.get(from, { ...page, ...limited, ...(at === null ? {} : { revision: at }) }),
      (answer) => {
        at ??= answer.revision;
        found.push(...answer.values);
      },
    );
    const all = at ?? revision(0);
    const watch = this.#client.watch(this.#prefix, {
      prefix: true,
      fromRevision: revision(all + 1),
      signal,
    });
    yield { kind: 'all', at: all, found };
    for await (const batch of watch) yield { kind: 'changes', batch };
    if (!signal.aborted) throw new TanistError('unavailable', `the watch of ${this.#prefix} ended`);
  }
}
