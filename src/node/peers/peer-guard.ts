import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import { beforeAll, type LogPoint, type LogStore, type PeerIdentity } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import { type Incarnation, PeerHistory } from './peer-history.ts';
import { encodePeerView, type PeerView, parsePeerView } from './peer-view.ts';

export interface PeerGuardOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  /** Of this start. */
  readonly incarnation: string;
  /** The leader trusts this very start. */
  readonly trusted: () => void;
  readonly log: LogStore;
  readonly nodeLog: NodeLog;
  /** The set of peers that count for nothing at present. */
  readonly doubted: (peers: ReadonlySet<NodeId>) => void;
  /** What this peer has acknowledged is void. */
  readonly forget: (peer: NodeId) => void;
  /** The last committed entry that this node, as leader, has seen the peer acknowledge. */
  readonly acknowledged: (peer: NodeId) => LogPoint;
  /** The log can't be written any more: the node has to stop. */
  readonly failed: (error: Error) => void;
}

/**
 * Promise 6: every start raises a boot counter and presents it, with the store's random id and the end of its log, before any vote or
 * acknowledgement counts; peers remember it durably. A new store, a counter not above the remembered one, or a log that ends before
 * a committed entry which that replica had acknowledged means an empty or old disk: it counts for no quorum until a leader elected
 * without it has brought it to that leader's last index. What nobody who is asked has met cannot be noticed: an old disk goes
 * unnoticed by those who were away while it took part in what it has lost.
 *
 * 1. One thing at a time happens to a peer; each sees what the one before made durable.
 * 2. A doubt counts at once, everything else when it is durable.
 * 3. Trust is given to what was doubted when it was earned, and to no later doubt.
 * 4. What a leader trusts, its followers trust, whether they have met that start or meet it later, when that leader is gone.
 */
export class PeerGuard {
  readonly #options: PeerGuardOptions;
  /** As remembered durably. */
  readonly #known: Map<NodeId, PeerIdentity>;
  /** Besides those doubted durably, those whose doubt could not be written yet. */
  readonly #doubted = new Set<NodeId>();
  /** Counts the doubts of each peer. */
  readonly #doubts = new Map<NodeId, number>();
  readonly #histories = new Map<NodeId, PeerHistory>();
  readonly #underWay = new Map<NodeId, Promise<void>>();
  /** The newest start that has presented itself to this one. */
  readonly #greeted = new Map<NodeId, string>();

  constructor(options: PeerGuardOptions) {
    this.#options = options;
    this.#known = new Map(options.log.image.peers);
    for (const [id, identity] of this.#known) {
      if (identity.doubted) this.#doubted.add(id);
      this.#historyOf(id).met(identity);
    }
  }

  get doubted(): ReadonlySet<NodeId> {
    return this.#doubted;
  }

  identityOf(peer: NodeId): PeerIdentity | null {
    return this.#known.get(peer) ?? null;
  }

  /** Changes with every new doubt of the peer. */
  doubtOf(peer: NodeId): number {
    return this.#doubts.get(peer) ?? 0;
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
    await this.#next(peer, () => this.#hello(peer, presented));
    this.#greeted.set(peer, presented.incarnation);
  }

  async #hello(peer: NodeId, presented: PeerIdentity): Promise<void> {
    const known = this.#known.get(peer);
    if (known !== undefined && isSame(known, presented)) return;
    const history = this.#historyOf(peer);
    if (history.hasSuperseded(presented)) {
      throw new TanistError(
        'duplicate-node',
        `this start of ${peer} was followed by another one: only its latest process takes part`,
      );
    }
    if (known !== undefined) history.acknowledged(known, this.#options.acknowledged(peer));
    const lost = history.knownBefore(presented);
    const reason = this.#reasonToDoubt(peer, presented, lost);
    const { nodeLog } = this.#options;
    if (reason !== null) {
      this.#doubt(peer);
      const { storeId: store, bootCounter, last } = presented;
      const remembered = known?.bootCounter;
      nodeLog.warn('peer-doubted', { peer, reason, store, bootCounter, remembered, last: last.index });
    }
    await this.#remember(peer, { ...presented, last: lost, doubted: reason !== null });
    history.met(presented);
    // The last of what the earlier process had sent may have come in meanwhile.
    if (reason !== null) this.#options.forget(peer);
  }

  #reasonToDoubt(peer: NodeId, presented: PeerIdentity, acknowledged: LogPoint): string | null {
    const known = this.#known.get(peer);
    if (mutant.active === 'ignore-store-identity') return null;
    if (presented.doubted) return 'its log was damaged, and is made anew';
    if (known !== undefined && known.storeId !== presented.storeId) return 'its store is new';
    if (known !== undefined && presented.bootCounter <= known.bootCounter) return 'its store is old';
    const { index, term } = presented.last;
    if (index < acknowledged.index || term < acknowledged.term)
      return `its log lacks entry ${acknowledged.index}, which it had acknowledged`;
    return this.#doubted.has(peer) ? 'it is not repaired yet' : null;
  }

  /** A peer that is not doubted was found to lack what it had acknowledged. */
  async lost(peer: NodeId): Promise<void> {
    this.#doubt(peer);
    this.#options.nodeLog.warn('peer-doubted', { peer, reason: 'it has lost what it had acknowledged' });
    await this.#next(peer, async () => {
      const known = this.#known.get(peer);
      if (known !== undefined && this.#doubted.has(peer))
        await this.#remember(peer, { ...known, doubted: true });
    });
  }

  /** The connection is gone. What the peer is known to have is kept, for when it comes back. */
  async disconnected(peer: NodeId): Promise<void> {
    await this.#next(peer, async () => {
      const known = this.#known.get(peer);
      if (known === undefined) return;
      const history = this.#historyOf(peer);
      history.acknowledged(known, this.#options.acknowledged(peer));
      const last = history.known();
      if (last.index > known.last.index) await this.#remember(peer, { ...known, last });
    });
  }

  /**
   * What a leader tells its followers in its heartbeats of every peer: the incarnation, whether it doubts it, what it has acknowledged. With `more`
   * rows of another kind.
   */
  view(more: readonly (readonly (string | number | boolean)[])[] = []): Uint8Array {
    const { self, incarnation, acknowledged } = this.#options;
    // Who was away when this node was brought up, and elected, would doubt it for as long as it leads.
    const own = [self, incarnation, false, beforeAll.index, beforeAll.term];
    return encodePeerView(this.#known, this.#doubted, acknowledged, [own, ...more]);
  }

  /**
   * Remembers what peers have acknowledged to the leader. If the leader trusts the very incarnation that is doubted here, it has brought that
   * replica up to date.
   */
  async leaderSays(view: Uint8Array): Promise<void> {
    for (const said of parsePeerView(view)) {
      const { id, incarnation, doubted, acknowledged, store } = said;
      if (id === this.#options.self) {
        if (!doubted && incarnation === this.#options.incarnation) this.#options.trusted();
        continue;
      }
      this.#historyOf(id).acknowledged({ incarnation }, acknowledged);
      if (doubted) continue;
      const known = this.#known.get(id);
      if (known?.incarnation !== incarnation) await this.#adopt(said);
      // A leader that has lost its memory trusts who is not whole yet. Of itself it names no store: elected, it has all that counts.
      else if (this.#doubted.has(id) && (store === null || acknowledged.index >= known.last.index))
        await this.trust(id, this.doubtOf(id));
    }
  }

  /**
   * The leader trusts a start of a peer that this node has not met: cut off from it while it was brought up to date, it would doubt it for ever once
   * that leader is gone.
   */
  async #adopt({ id, incarnation, store, acknowledged }: PeerView): Promise<void> {
    if (store === null || mutant.active === 'trust-of-unmet-ignored') return;
    await this.#next(id, async () => {
      const known = this.#known.get(id);
      const history = this.#historyOf(id);
      if (known !== undefined) {
        if (known.incarnation === incarnation || history.hasSuperseded({ incarnation })) return;
        // Of two stores it cannot be told which is the later one: what this start has met may be, and what is doubted.
        const isLater =
          known.storeId === store.storeId
            ? store.bootCounter > known.bootCounter
            : !this.#doubted.has(id) && this.#greeted.get(id) !== known.incarnation;
        if (!isLater) return;
        history.acknowledged(known, this.#options.acknowledged(id));
      }
      // This node may know of more that the peer had acknowledged than the leader has noticed.
      const last = history.knownBefore({ incarnation });
      if (acknowledged.index < last.index) return;
      await this.#remember(id, { ...store, incarnation, last, doubted: false });
      history.met({ incarnation });
    }).catch(unlessFull);
  }

  /** The starts of peers that count here. */
  trustedStarts(): readonly (readonly [NodeId, string])[] {
    const counting = [...this.#known].filter(([id]) => !this.#doubted.has(id));
    return counting.map(([id, { incarnation }]) => [id, incarnation]);
  }

  /** A leader that was elected without the peer has brought it up to date since the doubt of this number: it counts again. */
  async trust(peer: NodeId, doubt: number): Promise<void> {
    await this.#next(peer, async () => {
      const known = this.#known.get(peer);
      if (known === undefined || !this.#doubted.has(peer) || this.doubtOf(peer) !== doubt) return;
      await this.#remember(peer, { ...known, doubted: false });
      if (!this.#doubted.has(peer)) this.#options.nodeLog.info('peer-trusted', { peer });
    }).catch(unlessFull);
  }

  #doubt(peer: NodeId): void {
    this.#doubted.add(peer);
    this.#doubts.set(peer, this.doubtOf(peer) + 1);
    this.#options.doubted(new Set(this.#doubted));
    this.#options.forget(peer);
  }

  async #remember(peer: NodeId, identity: PeerIdentity): Promise<void> {
    const doubt = this.doubtOf(peer);
    try {
      await this.#options.log.rememberPeer(peer, identity);
    } catch (error) {
      // A full disk has refused this alone; any other failure of the log is final, even if nothing else is written to it.
      if (!isFull(error) && !isClosed(error) && error instanceof Error) this.#options.failed(error);
      throw error;
    }
    this.#known.set(peer, identity);
    // A doubt that came during the write stands: it writes itself next.
    if (identity.doubted || this.doubtOf(peer) !== doubt || !this.#doubted.delete(peer)) return;
    this.#options.doubted(new Set(this.#doubted));
  }

  /** After all that is under way with this peer. */
  #next(peer: NodeId, act: () => Promise<void>): Promise<void> {
    const before = this.#underWay.get(peer) ?? Promise.resolve();
    const done = before.then(act);
    this.#underWay.set(
      peer,
      done.catch(() => {}),
    );
    return done;
  }

  #historyOf(peer: NodeId): PeerHistory {
    let history = this.#histories.get(peer);
    if (history === undefined) {
      history = new PeerHistory(this.#known.get(peer)?.last ?? beforeAll);
      this.#histories.set(peer, history);
    }
    return history;
  }
}

function isSame(a: PeerIdentity, b: Incarnation & { readonly storeId: string }): boolean {
  return a.storeId === b.storeId && a.incarnation === b.incarnation;
}

/** Doubted until there is room to remember otherwise. */
function unlessFull(error: unknown): void {
  if (!isFull(error)) throw error;
}

function isFull(error: unknown): boolean {
  return error instanceof TanistError && error.code === 'disk-full';
}

function isClosed(error: unknown): boolean {
  return error instanceof TanistError && error.code === 'closed';
}
