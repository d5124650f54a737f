import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { FollowRequest, ReplicaReport, ReplicaSource, StreamPart } from '../../ports/replication.ts';
import { decodeFollowMessage, encodeFollowMessage } from '../../protocol/replication/follow.ts';
import { decodeParts, encodeParts } from '../../protocol/replication/parts.ts';
import type { SourceDirectory, SourceOffer } from '../../replication/choose-source.ts';
import { type Caller, call, stream, way } from '../world/remote.ts';
import type { ReachedMember, TierWorld } from './tier-world.ts';

const offerDeadlineMs = 300;
/** Parts in one message at most; a stream that breaks between two leaves half a mark. */
const partsAtOnce = 3;

/** Hot members as one beyond the quorum finds and follows them over the simulated network, in the production encoding. */
export class SimSources implements SourceDirectory {
  readonly #world: TierWorld;
  readonly #from: Caller;
  #hot: readonly NodeId[] = [];
  #closed = false;

  constructor(world: TierWorld, from: Caller, seeds: readonly MemberFacts[]) {
    this.#world = world;
    this.#from = from;
    this.members(seeds);
  }

  members(members: readonly MemberFacts[]): void {
    const hot = members.filter(
      ({ id, tier, client }) => tier === 'hot' && client !== '' && id !== this.#from.name,
    );
    if (hot.length > 0) this.#hot = hot.map(({ id }) => id);
  }

  async offers(): Promise<readonly SourceOffer[]> {
    if (this.#closed) return [];
    const offers = await Promise.all(this.#hot.map((id) => this.#offer(id)));
    return offers.filter((offer) => offer !== null);
  }

  get hot(): readonly NodeId[] {
    return this.#hot;
  }

  close(): void {
    this.#closed = true;
  }

  async #offer(id: NodeId): Promise<SourceOffer | null> {
    const { network } = this.#world;
    try {
      return await call(
        network,
        this.#from,
        id,
        () => hotMember(this.#world, id),
        offerDeadlineMs,
        (member) => {
          const offer = member.source?.offer();
          if (offer === undefined || offer.refusal !== null) return null;
          const { followers } = offer;
          const roundTripMs = network.roundTripMs(this.#from.name, id);
          return {
            source: new SimSource(this.#world, this.#from, id),
            leads: member.leads,
            followers,
            roundTripMs,
          };
        },
      );
    } catch {
      return null;
    }
  }
}

class SimSource implements ReplicaSource {
  readonly id: NodeId;
  readonly #world: TierWorld;
  readonly #from: Caller;

  constructor(world: TierWorld, from: Caller, id: NodeId) {
    this.id = id;
    this.#world = world;
    this.#from = from;
  }

  async *follow(request: FollowRequest, signal: AbortSignal): AsyncIterable<StreamPart> {
    const { network } = this.#world;
    const find = (): ReachedMember | null => hotMember(this.#world, this.id);
    const sent = encodeFollowMessage({ kind: 'request', request });
    const open = (member: ReachedMember, closing: AbortSignal): AsyncIterable<Uint8Array> =>
      messages(member, sent, closing);
    for await (const bytes of stream(network, this.#from, this.id, find, open, signal))
      yield* decodeParts(bytes).parts;
  }

  report(report: ReplicaReport): void {
    const bytes = encodeFollowMessage({ kind: 'report', report });
    way(this.#world.network, this.#from.name, this.id, () => {
      const member = hotMember(this.#world, this.id);
      member?.life.enter(() => {
        const message = decodeFollowMessage(bytes);
        if (message.kind === 'report') member.source?.report(message.report);
      });
    });
  }
}

async function* messages(
  member: ReachedMember,
  sent: Buffer,
  closing: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const message = decodeFollowMessage(sent);
  const { source } = member;
  if (message.kind !== 'request' || source === null) return;
  let gathered: StreamPart[] = [];
  for await (const part of source.follow(message.request, closing)) {
    gathered.push(part);
    if (part.kind !== 'mark' && gathered.length < partsAtOnce) continue;
    yield encodeParts(gathered);
    gathered = [];
  }
}

function hotMember(world: TierWorld, id: NodeId): ReachedMember | null {
  const member = world.member(id);
  return member === null || member.source === null ? null : member;
}
