import type { NodeId } from '../foundation/ids.ts';
import type { MemberChange, MemberFacts } from '../ports/membership.ts';
import { RecordDigest } from './records/record-digest.ts';

const factsRecord = 4;
const removedRecord = 5;

/** The facts of the members, and the ids of those that were removed. Known once a leader has put them into the log. */
export class Members {
  readonly #facts = new Map<NodeId, MemberFacts>();
  readonly #removed = new Set<NodeId>();
  readonly #dirty = new Set<NodeId>();
  readonly digest = new RecordDigest<NodeId>((id) => {
    const facts = this.#facts.get(id);
    if (facts !== undefined) return [factsRecord, factsText(facts), 0, 0, 0, 0, 0];
    return this.#removed.has(id) ? [removedRecord, id, 0, 0, 0, 0, 0] : null;
  });

  apply({ set, removed }: MemberChange): void {
    for (const facts of set) {
      if (this.#removed.has(facts.id)) continue;
      this.#facts.set(facts.id, facts);
      this.#touch(facts.id);
    }
    for (const id of removed) {
      this.#facts.delete(id);
      this.#removed.add(id);
      this.#touch(id);
    }
  }

  /** In order of ids. */
  list(): readonly MemberFacts[] {
    return [...this.#facts.keys()].sort().flatMap((id) => this.#facts.get(id) ?? []);
  }

  get(id: NodeId): MemberFacts | undefined {
    return this.#facts.get(id);
  }

  isRemoved(id: NodeId): boolean {
    return this.#removed.has(id);
  }

  /** Of what the image is to hold: facts, and that an id was removed. */
  recorded(): readonly NodeId[] {
    return [...this.#facts.keys(), ...this.#removed];
  }

  restore(id: NodeId, value: Uint8Array): void {
    if (value.length === 0) this.#removed.add(id);
    else this.#facts.set(id, JSON.parse(Buffer.from(value).toString('utf8')) as MemberFacts);
    this.digest.touch(id);
  }

  /** Another cluster begins: it knows nobody. */
  clear(): void {
    for (const id of [...this.#facts.keys(), ...this.#removed]) this.#touch(id);
    this.#facts.clear();
    this.#removed.clear();
  }

  /** `value`: the facts; empty where the id was removed, null where nothing is known of it. */
  takeDirty(): readonly { readonly id: NodeId; readonly value: Uint8Array | null }[] {
    const dirty = [...this.#dirty].map((id) => {
      const facts = this.#facts.get(id);
      if (facts !== undefined) return { id, value: Buffer.from(factsText(facts), 'utf8') };
      return { id, value: this.#removed.has(id) ? new Uint8Array(0) : null };
    });
    this.#dirty.clear();
    return dirty;
  }

  #touch(id: NodeId): void {
    this.#dirty.add(id);
    this.digest.touch(id);
  }
}

/** Equal facts, equal text. */
export function factsText(facts: MemberFacts): string {
  const { id, name, peer, client, http, tier, labels, wanted, replaces } = facts;
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ id, name, peer, client, http, tier, labels: sorted, wanted, replaces });
}
