import type { Divergence } from '../../failover/divergence.ts';
import type { ScoreOptions } from '../../failover/options.ts';
import { replicaStatusOf } from '../../failover/replica-status.ts';
import { type ReplicaMeasurements, type Score, scoreReplica } from '../../failover/score.ts';
import { Links } from '../../failover/topology/links.ts';
import { type LogIndex, logIndex, type NodeId, type Revision } from '../../foundation/ids.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { ReplicaStatus } from '../../ports/replica-status.ts';
import type { LinkMeasurement } from '../../ports/replication.ts';
import { type Tier, tierOf } from '../../ports/tier.ts';
import type { ReplicaView } from '../beyond/replica-book.ts';
import { type ReplicaLag, replicaLag } from '../beyond/replica-lag.ts';
import { replicaSilentMs } from '../beyond/replica-starts.ts';
import type { MemberView } from '../leading/succession-keeper.ts';
import type { Observed } from './tier-keeper.ts';

/** What a node knows of the others, wherever it knows it from. */
export interface Sources {
  readonly self: NodeId;
  readonly members: () => readonly MemberInfo[];
  /** Of hot ones, and of who becomes one. */
  readonly hot: (id: NodeId) => MemberView;
  /** Of replicas beyond the quorum. */
  readonly beyond: (id: NodeId) => ReplicaView | null;
  readonly divergence: (id: NodeId) => Divergence | null;
  readonly isConnected: (id: NodeId) => boolean;
  readonly ownLinks: () => readonly LinkMeasurement[];
  readonly last: () => LogIndex;
  /** Of this node, in the space `user`. */
  readonly latest: () => Revision;
  readonly score: ScoreOptions;
}

export interface Weighed {
  readonly member: MemberInfo;
  readonly tier: Tier;
  readonly status: ReplicaStatus;
  readonly score: Score;
  /** Of a replica beyond the quorum, behind the leader; null: not known. */
  readonly lagRevisions: number | null;
  readonly lagMs: number | null;
}

/** Every member, weighed in the same way whatever its tier. */
export class Observation {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Null: no such member. */
  weigh(id: NodeId, links = this.links()): Weighed | null {
    const member = this.#sources.members().find((candidate) => candidate.id === id);
    return member === undefined ? null : this.#weigh(member, links);
  }

  all(links = this.links()): readonly Weighed[] {
    return this.#sources.members().map((member) => this.#weigh(member, links));
  }

  links(): Links {
    const { self, members, hot, beyond, ownLinks } = this.#sources;
    return new Links(
      members().map(({ id, tier }) => {
        if (id === self) return [id, ownLinks()];
        return [id, (tier === 'hot' ? hot(id).report?.links : beyond(id)?.report.links) ?? []];
      }),
    );
  }

  observe(): Observed {
    const links = this.links();
    const members = this.all(links).map(({ member, tier, status, score }) => ({
      id: member.id,
      tier,
      voter: member.voter,
      labels: member.labels,
      wanted: member.wanted ?? null,
      replaces: member.replaces ?? null,
      isAlive: status.heartbeat !== 'lost',
      trouble: status.trouble,
      score: score.value,
    }));
    return { leader: this.#sources.self, members, links };
  }

  #weigh(member: MemberInfo, links: Links): Weighed {
    const { self, hot, beyond, divergence, isConnected, last, latest, score } = this.#sources;
    const { id } = member;
    const tier = tierOf(member.tier);
    const replica = tier === 'hot' ? null : beyond(id);
    const lag = replica === null ? null : replicaLag(replica, latest());
    const voice =
      tier === 'hot'
        ? hot(id).measurements
        : replicaMeasurements(id, replica, lag, self, links, last(), divergence(id));
    // While it becomes hot it says nothing as a replica; that it is connected says enough.
    const isBecoming = member.wanted === 'hot' && isConnected(id);
    const measurements = isBecoming ? { ...voice, silentMs: 0 } : voice;
    return {
      member,
      tier,
      status: replicaStatusOf(measurements, tier),
      score: tier === 'hot' ? hot(id).score : scoreReplica(measurements, last(), score),
      lagRevisions: lag?.revisions ?? null,
      lagMs: lag?.ms ?? null,
    };
  }
}

function replicaMeasurements(
  id: NodeId,
  view: ReplicaView | null,
  lag: ReplicaLag | null,
  self: NodeId,
  links: Links,
  last: LogIndex,
  divergence: Divergence | null,
): ReplicaMeasurements {
  const roundTripMs = links.between(self, id).roundTripMs;
  const patienceMs = replicaSilentMs;
  if (view === null || lag === null)
    return { id, silentMs: patienceMs, patienceMs, match: logIndex(0), roundTripMs, self: null, doubt: null };
  const { trouble, syncMs, memoryUsed, diskFree } = view.report;
  return {
    id,
    silentMs: view.ageMs,
    patienceMs,
    match: last,
    lag,
    roundTripMs,
    self: { loopLagMs: 0, syncMs, memoryUsed, diskFree },
    doubt: trouble,
    ...(divergence === null ? {} : { divergence: divergence.value, divergenceText: divergence.explanation }),
  };
}
