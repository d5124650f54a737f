import type { Divergence } from '../../failover/divergence.ts';
import type { ScoreOptions } from '../../failover/options.ts';
import { defaultTierPolicy, type TierPolicy } from '../../failover/topology/policy.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkProbe } from '../../ports/link-probe.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { LinkMeasurement } from '../../ports/replication.ts';
import type { Transport } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { ReplicaBook } from '../beyond/replica-book.ts';
import type { SuccessionKeeper } from '../leading/succession-keeper.ts';
import type { Membership } from '../membership/membership.ts';
import { TierMover } from '../membership/tier-mover.ts';
import type { PeerConnections } from '../peers/peer-connections.ts';
import { LinkKeeper } from './link-keeper.ts';
import { Observation, type Weighed } from './observe.ts';
import { TierKeeper, type TierOutlook } from './tier-keeper.ts';

/** What a leader says of the tiers. */
export interface TiersView {
  readonly outlook: TierOutlook;
  readonly members: readonly Weighed[];
}

export interface TiersParts {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly raft: Raft;
  readonly state: Pick<StateMachine, 'revision'>;
  readonly transport: Transport<RaftMessage>;
  readonly score: ScoreOptions;
  readonly policy: TierPolicy | undefined;
  readonly probe: LinkProbe | undefined;
  readonly membership: Membership;
  readonly succession: SuccessionKeeper;
  readonly replicas: ReplicaBook;
  readonly connections: PeerConnections;
  /** Of the predictions of any replica; null: nothing is known. */
  readonly divergence: (id: NodeId) => Divergence | null;
  /** It leads, is open, and does not stop. */
  readonly mayDecide: () => boolean;
  /** The node has no time for measurements. */
  readonly busy: () => boolean;
}

const lookEveryMs = 500;

/** Who is of which tier on this node's part: measures the paths, weighs the members, and on the leader decides and carries changes out. */
export class Tiers {
  /** How members move between tiers; on the leader. */
  readonly mover: TierMover;
  readonly #clock: Clock;
  readonly #links: LinkKeeper;
  readonly #observation: Observation;
  readonly #keeper: TierKeeper;
  #lookedAtMs = 0;

  constructor(parts: TiersParts) {
    const { self, clock, nodeLog, raft, state, transport, score, membership, succession, replicas } = parts;
    this.#clock = clock;
    this.mover = new TierMover({
      clock,
      members: () => membership.list(),
      request: (request) => membership.request(request),
    });
    this.#links = new LinkKeeper({
      clock,
      targets: () => membership.list().filter((member) => member.id !== self && member.tier === 'hot'),
      roundTripMs: (id) => transport.roundTripMs(id),
      bytesPerSecond: (id) => transport.bytesPerSecond?.(id) ?? null,
      probe: parts.probe ?? null,
      busy: parts.busy,
    });
    this.#observation = new Observation({
      self,
      members: () => membership.list(),
      hot: (id) => succession.view(id),
      beyond: (id) => replicas.of(id),
      divergence: parts.divergence,
      isConnected: (id) => parts.connections.isConnected(id),
      ownLinks: () => this.#links.links,
      last: () => raft.status.last.index,
      latest: () => state.revision('user'),
      score,
    });
    this.#keeper = new TierKeeper({
      clock,
      nodeLog,
      policy: parts.policy ?? defaultTierPolicy,
      observe: () => (parts.mayDecide() ? this.#observation.observe() : null),
      changes: () => this.mover,
    });
  }

  /** The paths from here, as measured. */
  get links(): readonly LinkMeasurement[] {
    return this.#links.links;
  }

  /** With every tick. */
  look(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    this.#links.look();
    this.#keeper.look();
  }

  /** A member by all that this node knows of it, whatever its tier; null: no such member. */
  weigh(id: NodeId): Weighed | null {
    return this.#observation.weigh(id);
  }

  /** Which members should be of which tier, and why; null where this node does not lead. */
  view(): TiersView | null {
    const outlook = this.#keeper.outlook();
    return outlook === null ? null : { outlook, members: this.#observation.all() };
  }
}
