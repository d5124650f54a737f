import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Routing } from '../../protocol/status/routing.ts';
import type { SourceDirectory, SourceOffer } from '../../replication/choose-source.ts';
import { HotNode } from './hot-node.ts';

type Located = Pick<MemberFacts, 'id' | 'client' | 'tier'>;

/** The hot nodes as one beyond the quorum reaches them: who leads, and who would feed it. */
export class HotNodes implements SourceDirectory {
  readonly #self: NodeId;
  readonly #nodes = new Map<NodeId, HotNode>();
  readonly #listeners = new Set<(routing: Routing) => void>();
  #routing: Routing | null = null;
  #bytesReceived = 0;
  #closed = false;

  constructor(self: NodeId, configured: readonly Located[]) {
    this.#self = self;
    this.members(configured);
  }

  /** The members are these now; those of the config until they are known. */
  members(members: readonly Located[]): void {
    if (this.#closed) return;
    const hot = members.filter(
      ({ id, tier, client }) => tier === 'hot' && client !== '' && id !== this.#self,
    );
    // Whoever says that there is nobody knows less than this.
    if (hot.length === 0) return;
    for (const { id, client } of hot) {
      const known = this.#nodes.get(id);
      if (known?.address === client) continue;
      known?.close();
      const node = new HotNode(id, client, {
        routing: (routing) => this.#heard(routing),
        received: (bytes) => {
          this.#bytesReceived += bytes;
        },
        lost: () => this.#lost(),
      });
      this.#nodes.set(id, node);
    }
    for (const [id, node] of this.#nodes) {
      if (hot.some((member) => member.id === id)) continue;
      node.close();
      this.#nodes.delete(id);
    }
  }

  /** The newest word on who leads. */
  get routing(): Routing | null {
    return this.#routing;
  }

  get leader(): NodeId | null {
    return this.#routing?.leader ?? null;
  }

  onRouting(listener: (routing: Routing) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For how long it has not been reached, ms; 0: it is, or it is none of them. */
  silentMs(id: NodeId): number {
    return this.#nodes.get(id)?.silentMs ?? 0;
  }

  /** Of streams of changes, as they came over the wire. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  async offers(): Promise<readonly SourceOffer[]> {
    const all = await Promise.all([...this.#nodes.values()].map((node) => node.offer()));
    return all.filter((offer) => offer !== null);
  }

  close(): void {
    this.#closed = true;
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }

  #heard(routing: Routing): void {
    const known = this.#routing;
    const isNews =
      known === null ||
      routing.term > known.term ||
      (routing.term === known.term && (routing.leader !== null || known.leader === null));
    if (!isNews) return;
    this.#tell(routing);
  }

  /** Where nobody can be asked any more, who led is no answer. */
  #lost(): void {
    const known = this.#routing;
    if (known === null || known.leader === null) return;
    for (const node of this.#nodes.values()) if (node.isUp) return;
    this.#tell({ ...known, leader: null });
  }

  #tell(routing: Routing): void {
    this.#routing = routing;
    for (const listener of this.#listeners) listener(routing);
  }
}
