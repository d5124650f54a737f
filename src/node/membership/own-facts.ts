import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import { factsText } from '../../state/members.ts';

/** What a member has to say of where it is reached: its config, until the cluster has known it once. From then on an operator's word counts. */
export class OwnFacts {
  readonly #own: MemberFacts | null;
  #isPublished = false;

  constructor(own: MemberFacts | null) {
    this.#own = own;
  }

  /** Null: nothing, or the cluster does not know this member at all. */
  publishing(knownAs: (id: NodeId) => MemberFacts | undefined): MemberFacts | null {
    if (this.#isPublished || this.#own === null) return null;
    const known = knownAs(this.#own.id);
    if (known === undefined) return null;
    const own = locationOf(known, this.#own);
    if (factsText(own) !== factsText(known)) return own;
    this.#isPublished = true;
    return null;
  }
}

/** Name, addresses and labels of one, the rest of the other. */
export function locationOf(
  known: MemberFacts,
  { name, peer, client, http, labels }: MemberFacts,
): MemberFacts {
  return { ...known, name, peer, client, http, labels };
}
