import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { AppliedPoint } from '../../ports/image-store.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { MemberLineage } from '../../protocol/promotion.ts';
import { compareLineage } from '../lineage.ts';
import { imageSources } from './decide-role.ts';
import type { IncomingImage } from './image-source.ts';
import type { OtherMembers } from './runtimes.ts';
import { type Place, prefetch } from './transitions.ts';

export interface FetchOptions {
  readonly place: Place;
  readonly lineage: Lineage;
  /** Of the members that are there. */
  readonly answers: readonly MemberLineage[];
  readonly others: OtherMembers;
  readonly random: Random;
  readonly stillWanted: () => boolean;
  readonly signal: AbortSignal;
}

/** From the first hot node that gives it, followers first. Errors: what the last one said; `unavailable` where there is none, `cancelled`. */
export async function fetchImage(
  options: FetchOptions,
): Promise<{ readonly applied: AppliedPoint; readonly from: NodeId }> {
  const { place, answers, others, signal } = options;
  let failure: unknown = new TanistError('unavailable', 'no hot node answers that could give the state');
  for (const source of imageSources(place.self, answers)) {
    const facts = source.members.find(({ id }) => id === source.id);
    if (facts === undefined) continue;
    const over = new AbortController();
    try {
      const incoming = await others.image(facts, place.self, AbortSignal.any([signal, over.signal]));
      checkLineage(options.lineage, incoming);
      const applied = await prefetch(place, whileWanted(incoming, options), newStoreId(options.random));
      return { applied, from: incoming.from };
    } catch (error) {
      failure = error;
      if (error instanceof TanistError && error.code === 'cancelled') break;
    } finally {
      over.abort();
    }
  }
  throw failure;
}

function checkLineage(own: Lineage, { from, lineage }: IncomingImage): void {
  if (compareLineage(own, lineage) === 'same') return;
  throw new TanistError(
    'data-of-another-cluster',
    `${from} is of cluster ${lineage.clusterId}, epoch ${lineage.epoch}, not of ${own.clusterId}, epoch ${own.epoch}: its state is not taken`,
  );
}

function whileWanted(incoming: IncomingImage, { stillWanted }: FetchOptions): IncomingImage {
  return {
    ...incoming,
    chunks: (async function* () {
      for await (const chunk of incoming.chunks) {
        if (!stillWanted()) throw new TanistError('cancelled', 'the promotion was given up');
        yield chunk;
      }
    })(),
  };
}

function newStoreId(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
