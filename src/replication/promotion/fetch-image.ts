import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { type Random, randomName } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppliedPoint, HeldValue } from '../../ports/image-store.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import { imageSources } from './decide-role.ts';
import type { IncomingImage, PinnedValues } from './image-source.ts';
import type { OtherMembers } from './runtimes.ts';
import { type Place, prefetch } from './transitions.ts';

export interface FetchOptions {
  readonly place: Place;
  readonly lineage: Lineage;
  /** Log index of what this member holds: the image must have come as far. */
  readonly held: number;
  /** What need not be sent; null: everything is to be. */
  readonly pinned: PinnedValues | null;
  /** It did not come out right with what is held: the next image asked for, of this call or a later one, is to be whole. */
  readonly refused: (from: NodeId, error: TanistError) => void;
  /** Of the members that are there. */
  readonly answers: readonly MemberLineage[];
  readonly others: OtherMembers;
  readonly random: Random;
  readonly clock: Clock;
  readonly stillWanted: () => boolean;
  readonly signal: AbortSignal;
}

/** A source that gives nothing for so long is frozen or cut off; its own pace, and a flush before its first word, take far less. */
const silenceMs = 20_000;

export interface FetchedImage {
  readonly applied: AppliedPoint;
  readonly from: NodeId;
  /** That came. */
  readonly bytes: number;
  /** Of values that did not have to. */
  readonly heldBytes: number;
}

/**
 * From the first hot node that gives it, followers first. What is put together from what comes and from what is held must be, byte for byte, what the source
 * has; else it is fetched once more, as a whole. Errors: what the last one said; `unavailable` where there is none, `cancelled`.
 */
export async function fetchImage(options: FetchOptions): Promise<FetchedImage> {
  const { place, answers, others, signal } = options;
  let failure: unknown = new TanistError('unavailable', 'no hot node answers that could give the state');
  let pinned = options.pinned;
  const sources = [...imageSources({ id: place.self, applied: options.held }, answers)];
  for (const source of sources) {
    const facts = source.members.find(({ id }) => id === source.id);
    if (facts === undefined) continue;
    const over = new AbortController();
    let tally: Tally | null = null;
    const heard = <T>(word: Promise<T>): Promise<T> => inTime(word, source.id, options.clock);
    try {
      const incoming = await heard(
        others.image(facts, place.self, pinned?.held ?? null, AbortSignal.any([signal, over.signal])),
      );
      checkLineage(options.lineage, incoming);
      const wanted = whileWanted(incoming, heard, options);
      tally = new Tally(wanted, pinned);
      const applied = await prefetch(place, tally.incoming, randomName(options.random), tally.heldValue);
      checkReached(options.held, source.id, applied.point.index);
      return { applied, from: incoming.from, bytes: tally.bytes, heldBytes: tally.heldBytes };
    } catch (error) {
      failure = error;
      if (error instanceof TanistError && error.code === 'cancelled') break;
      if (pinned === null || tally?.isCut !== false) continue;
      if (!(error instanceof TanistError) || error.code !== 'data-damaged') continue;
      options.refused(source.id, error);
      pinned = null;
      sources.push(source);
    } finally {
      over.abort();
    }
  }
  throw failure;
}

/** What comes, and what is put to it. */
class Tally {
  bytes = 0;
  heldBytes = 0;
  /** The source itself could not go on, or not be heard. */
  isCut = false;
  readonly incoming: IncomingImage;
  readonly heldValue: HeldValue | undefined;

  constructor(incoming: IncomingImage, pinned: PinnedValues | null) {
    this.incoming = { ...incoming, chunks: this.#counted(incoming.chunks) };
    this.heldValue =
      pinned === null ? undefined : (space, key, at) => this.#found(pinned.find(space, key, at));
  }

  #found<Value extends string | null>(value: Value): Value {
    this.heldBytes += value?.length ?? 0;
    return value;
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        this.bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      this.isCut = true;
      throw error;
    }
  }
}

function checkLineage(own: Lineage, { from, lineage }: IncomingImage): void {
  if (compareLineage(own, lineage) === 'same') return;
  throw new TanistError(
    'data-of-another-cluster',
    `${from} is of cluster ${lineage.clusterId}, epoch ${lineage.epoch}, not of ${own.clusterId}, epoch ${own.epoch}: its state is not taken`,
  );
}

/** It may have said more than it has kept, over a crash. */
function checkReached(held: number, source: NodeId, index: number): void {
  if (index >= held) return;
  throw new TanistError('unavailable', `the image of ${source} ends at entry ${index}, before ${held}`);
}

/** Its own disk may take as long as it likes between two chunks. */
function whileWanted(
  incoming: IncomingImage,
  heard: <T>(word: Promise<T>) => Promise<T>,
  { stillWanted }: FetchOptions,
): IncomingImage {
  return {
    ...incoming,
    chunks: (async function* () {
      const chunks = incoming.chunks[Symbol.asyncIterator]();
      for (;;) {
        const next = await heard(chunks.next());
        if (next.done === true) return;
        if (!stillWanted()) throw new TanistError('cancelled', 'the promotion was given up');
        yield next.value;
      }
    })(),
  };
}

/** What comes later is of no account; the caller ends the call. */
function inTime<T>(word: Promise<T>, source: NodeId, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(silenceMs, () =>
      reject(new TanistError('unavailable', `${source} has said nothing for ${silenceMs} ms`)),
    );
    word.then(resolve, reject).finally(() => timer.cancel());
  });
}
