import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { LogStore, PeerIdentity } from '../ports/log-store.ts';
import type { NodeLog } from '../ports/node-log.ts';

export interface PeerGuardOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly log: LogStore;
  readonly nodeLog: NodeLog;
  readonly doubted: (peers: ReadonlySet<NodeId>) => void;
}

/**
 * Promise 6: every start raises a boot counter and presents it with the store's random id before any vote or acknowledgement
 * counts; peers remember both durably. A new store, or a counter not above the remembered one, means an empty or old disk: that
 * replica counts for no quorum until a leader elected without it has brought it to that leader's last index.
 */
export class PeerGuard {
  readonly #options: PeerGuardOptions;
  readonly #known: Map<NodeId, PeerIdentity>;
  readonly #doubted = new Set<NodeId>();

  constructor(options: PeerGuardOptions) {
    this.#options = options;
    this.#known = new Map(options.log.image.peers);
    for (const [id, identity] of this.#known) if (identity.doubted) this.#doubted.add(id);
  }

  get doubted(): ReadonlySet<NodeId> {
    return this.#doubted;
  }

  identityOf(peer: NodeId): PeerIdentity | null {
    return this.#known.get(peer) ?? null;
  }

  /** A peer presents itself on a new connection. Resolves when what it said is remembered durably. */
  async hello(peer: NodeId, presented: PeerIdentity, clusterId: string): Promise<void> {
    if (clusterId !== this.#options.clusterId) {
      throw new TanistError(
        'data-of-another-cluster',
        `${peer} belongs to cluster ${clusterId}, not to ${this.#options.clusterId}`,
      );
    }
    if (peer === this.#options.self) {
      throw new TanistError(
        'duplicate-node',
        `another process runs as ${peer}: every node needs an id of its own`,
      );
    }
    const known = this.#known.get(peer);
    if (
      known !== undefined &&
      known.storeId === presented.storeId &&
      known.incarnation === presented.incarnation
    )
      return;
    const old =
      known !== undefined &&
      (known.storeId !== presented.storeId || presented.bootCounter <= known.bootCounter);
    const doubted = mutant.active === 'ignore-store-identity' ? false : old || (known?.doubted ?? false);
    await this.#remember(peer, { ...presented, doubted });
    if (doubted) {
      this.#options.nodeLog.warn('peer-doubted', {
        peer,
        store: presented.storeId,
        bootCounter: presented.bootCounter,
        remembered: known?.bootCounter,
      });
    }
  }

  /** What a leader tells its followers in its heartbeats: whom it takes for which incarnation, and whether it doubts it. */
  view(): Uint8Array {
    const peers = [...this.#known].map(
      ([id, { incarnation, doubted }]) => [id, incarnation, doubted] as const,
    );
    return Buffer.from(JSON.stringify(peers));
  }

  /** The leader trusts the very incarnation that is doubted here: it has brought that replica up to date. */
  async leaderSays(view: Uint8Array): Promise<void> {
    if (this.#doubted.size === 0) return;
    for (const [id, incarnation, doubted] of parseView(view)) {
      if (!doubted && this.#known.get(id)?.incarnation === incarnation) await this.trust(id);
    }
  }

  /** A leader that was elected without the peer has brought it up to date: it counts again. */
  async trust(peer: NodeId): Promise<void> {
    const known = this.#known.get(peer);
    if (known === undefined || !known.doubted) return;
    try {
      await this.#remember(peer, { ...known, doubted: false });
    } catch (error) {
      // Doubted until there is room to remember otherwise.
      if (error instanceof TanistError && error.code === 'disk-full') return;
      throw error;
    }
    this.#options.nodeLog.info('peer-trusted', { peer });
  }

  /** A doubt counts at once, everything else when it is durable. */
  async #remember(peer: NodeId, identity: PeerIdentity): Promise<void> {
    if (identity.doubted && !this.#doubted.has(peer)) {
      this.#doubted.add(peer);
      this.#options.doubted(new Set(this.#doubted));
    }
    await this.#options.log.rememberPeer(peer, identity);
    this.#known.set(peer, identity);
    if (!identity.doubted) this.#doubted.delete(peer);
    this.#options.doubted(new Set(this.#doubted));
  }
}

function parseView(view: Uint8Array): readonly (readonly [NodeId, string, boolean])[] {
  try {
    const peers: unknown = JSON.parse(Buffer.from(view).toString());
    return Array.isArray(peers) ? (peers as readonly (readonly [NodeId, string, boolean])[]) : [];
  } catch {
    return [];
  }
}
