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

  /** A leader that was elected without the peer has brought it up to date: it counts again. */
  async trust(peer: NodeId): Promise<void> {
    const known = this.#known.get(peer);
    if (known === undefined || !known.doubted) return;
    await this.#remember(peer, { ...known, doubted: false });
    this.#options.nodeLog.info('peer-trusted', { peer });
  }

  async #remember(peer: NodeId, identity: PeerIdentity): Promise<void> {
    this.#known.set(peer, identity);
    if (identity.doubted) this.#doubted.add(peer);
    await this.#options.log.rememberPeer(peer, identity);
    if (!identity.doubted) this.#doubted.delete(peer);
    this.#options.doubted(new Set(this.#doubted));
  }
}
