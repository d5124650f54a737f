import { TanistError } from '../../foundation/errors.ts';
import type { LogIndex, NodeId, Term } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import type { MemberChange, MemberFacts, MemberInfo, MemberRequest } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Member } from '../../protocol/status/routing.ts';
import { membersOf } from '../../raft/configuration.ts';
import type { Raft } from '../../raft/raft.ts';
import { factsText, type Members } from '../../state/members.ts';
import type { ConfiguredMember } from '../options.ts';
import { decodeMemberChange } from './member-change.ts';
import { locationOf, OwnFacts } from './own-facts.ts';
import { factsOfConfigured, planChange } from './plan-change.ts';

export interface MembershipOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  /** Of the state, as applied. */
  readonly members: () => Members;
  readonly configured: readonly ConfiguredMember[];
  readonly isAlive: (id: NodeId) => boolean;
  readonly isConnected: (id: NodeId) => boolean;
  readonly trusts: (by: NodeId, id: NodeId) => boolean;
  /** What a replica beyond the quorum says is wrong with it; null: nothing, or nothing is known. */
  readonly trouble: (id: NodeId) => string | null;
  /** What a member says of itself, where the cluster knows something else. */
  readonly published: (id: NodeId) => MemberFacts | null;
  readonly dial: (peers: ReadonlyMap<NodeId, string>) => void;
  readonly wake: () => void;
  /** Addresses or members are others now. */
  readonly changed: () => void;
  /** This node is none of them any more. */
  readonly removed: () => void;
}

interface Wish {
  readonly request: MemberRequest;
  readonly untilMs: number;
  readonly resolve: () => void;
  readonly reject: (error: TanistError) => void;
  /** Where it is in the log. */
  proposed: { readonly index: LogIndex; readonly term: Term } | null;
}

/** Until a change is in the log, and until a majority has confirmed it. Whoever asks for one waits longer. */
export const patienceMs = 5000;
const mostGuests = 32;

/**
 * Who the members are and where they are reached.
 *
 * 1. Facts change with `configuration` entries alone, in the same entry as who votes: whoever has applied a log knows the members.
 * 2. The first leader seeds them from its config. From then on the config's other nodes count only as further addresses to try.
 * 3. One change at a time, of one voter at most.
 * 4. A member is dialled from the moment that its entry is in the log: the commit may need it. So is whoever presents itself.
 * 5. An id that was removed is never a member again: it is refused, and its node stops.
 *    Who is beyond the quorum is no peer: it has a peer port only once it has become a hot node, which this node may hear of late.
 * 6. A leader takes itself out only where those who stay can elect another: a majority of them is alive and trusted by each other (`checkHeirs`).
 * 7. A node knows best where it listens: what it says of itself at its start is put into the log by the leader.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #own: OwnFacts;
  /** Changes that went into the log and were not applied yet; some may have gone again (`#inLog`). */
  #ahead: { readonly index: LogIndex; readonly term: Term; readonly change: MemberChange }[] = [];
  #wishes: Wish[] = [];
  #dialled = '';
  #routed: readonly Member[];
  /** Where those are that came by and are unknown. */
  readonly #guests = new Map<NodeId, string>();

  constructor(options: MembershipOptions) {
    this.#options = options;
    const own = options.configured.find(({ id }) => id === options.self);
    this.#own = new OwnFacts(own === undefined ? null : factsOfConfigured(own));
    this.#routed = this.#facts().map(routedOf);
  }

  /** For clients and status: all that are known, the config's before there are facts. */
  get routed(): readonly Member[] {
    return this.#routed;
  }

  list(): readonly MemberInfo[] {
    const { voters, outgoing, learners } = this.#options.raft.status.configuration;
    return this.#facts().map((facts) => ({
      ...facts,
      voter: voters.includes(facts.id) || outgoing.includes(facts.id),
      learner: learners.includes(facts.id),
    }));
  }

  /** Who lives, and who trusts whom, as far as this node knows. */
  get sight(): Pick<MembershipOptions, 'isAlive' | 'trusts'> {
    return this.#options;
  }

  isRemoved(id: NodeId): boolean {
    return this.#options.members().isRemoved(id);
  }

  /**
   * A peer presented itself. One that this node does not know, or not as a hot one, may know more: the node's disk was lost and its config is old, it
   * joins, or it became hot with an image of before the other did. It is dialled, so that it can be answered: it may be the leader.
   */
  met(id: NodeId, address: string): void {
    const { self } = this.#options;
    if (address === '' || id === self || this.#guests.get(id) === address) return;
    if (this.#isPeer(id) || this.#guests.size >= mostGuests) return;
    this.#guests.set(id, address);
    this.refresh();
  }

  /** Nobody listens there any more. */
  gone(id: NodeId): void {
    const isBeyond = this.#options.members().get(id) !== undefined && !this.#isPeer(id);
    if (isBeyond && this.#guests.delete(id)) this.refresh();
  }

  /** It is dialled whether it presents itself or not. */
  #isPeer(id: NodeId): boolean {
    const { raft, members } = this.#options;
    const facts = members().get(id);
    return facts !== undefined && (isHot(facts) || membersOf(raft.status.configuration).includes(id));
  }

  /** What this node has to say of itself: its config, until the cluster has known it once. */
  publishing(): MemberFacts | null {
    return this.#own.publishing((id) => this.#options.members().get(id));
  }

  /** A `configuration` entry is in the log. It may go again, when another leader has another entry in its place. */
  appended(entry: LogEntry): void {
    const change = decodeMemberChange(entry.payload);
    this.#ahead = this.#ahead.filter(({ index }) => index < entry.index);
    if (change !== null) this.#ahead.push({ index: entry.index, term: entry.term, change });
    if (change !== null && mutant.active === 'facts-at-append') this.#options.members().apply(change);
    this.refresh();
  }

  /** The state has applied it. */
  applied(entry: LogEntry, change: MemberChange | null): void {
    const { self, nodeLog } = this.#options;
    this.#ahead = this.#ahead.filter(({ index }) => index > entry.index);
    for (const { id } of change?.set ?? []) nodeLog.info('member-changed', { member: id });
    for (const id of change?.removed ?? []) nodeLog.info('member-removed', { member: id });
    this.refresh();
    for (const wish of this.#wishes) {
      if (wish.proposed?.index !== entry.index) continue;
      this.#drop(wish);
      if (wish.proposed.term === entry.term) wish.resolve();
      else wish.reject(notLeader());
    }
    if (change?.removed.includes(self) === true) this.#options.removed();
    this.#next();
  }

  /** The state was replaced, or the node starts. */
  refresh(): void {
    const { self, configured, raft, dial, changed } = this.#options;
    const members = this.#options.members();
    const peers = new Map<NodeId, Set<string>>();
    const add = (id: NodeId, addresses: string): void => {
      if (id === self || members.isRemoved(id)) return;
      const known = peers.get(id) ?? new Set();
      for (const address of addresses.split(',')) if (address !== '') known.add(address);
      peers.set(id, known);
    };
    for (const { change } of this.#inLog()) for (const { id, peer } of change.set) add(id, peer);
    const counted = membersOf(raft.status.configuration);
    for (const facts of this.#facts())
      if (isHot(facts) || counted.includes(facts.id)) add(facts.id, facts.peer);
    for (const { id, peerAddress } of configured)
      if (peers.has(id) || counted.includes(id)) add(id, peerAddress);
    for (const [id, address] of this.#guests) {
      if (this.#isPeer(id) || members.isRemoved(id)) this.#guests.delete(id);
      else add(id, address);
    }
    const reached = [...peers].filter(([, addresses]) => addresses.size > 0);
    const dialled = new Map(reached.map(([id, addresses]) => [id, [...addresses].join(',')]));
    const text = JSON.stringify([...dialled]);
    if (text !== this.#dialled) dial(dialled);
    this.#dialled = text;
    this.#routed = this.#facts().map(routedOf);
    changed();
  }

  /** Resolves when the change is committed and applied here. Errors: those of `planChange`, `not-leader`, `overloaded`, `indeterminate`. */
  request(request: MemberRequest): Promise<void> {
    if (this.#options.raft.status.role !== 'leader') return Promise.reject(notLeader());
    if (this.#wishes.length >= 100)
      return Promise.reject(new TanistError('overloaded', 'too many changes of members wait; try again'));
    return new Promise((resolve, reject) => {
      const untilMs = this.#options.clock.nowMs() + patienceMs;
      this.#wishes.push({ request, untilMs, resolve, reject, proposed: null });
      this.#next();
    });
  }

  /** Now and then. */
  look(): void {
    if (this.#wishes.length === 0) return;
    this.#giveUp();
    this.#next();
  }

  /** Now and then, on a leader that has committed: its own wishes are facts at all, then what members say of themselves. */
  tend(): void {
    if (this.#wishes.length === 0 && this.#inLog().length === 0) this.#tend();
  }

  /**
   * Others have applied that this node is no member any more, which is for ever: whoever asked it for that is told so, though the entry that it left office
   * with may not be applied here.
   */
  leftByWord(): void {
    const { self } = this.#options;
    for (const wish of this.#wishes) {
      if (wish.request.kind !== 'remove' || wish.request.id !== self || wish.proposed === null) continue;
      this.#drop(wish);
      wish.resolve();
    }
  }

  /** The node stops. */
  close(): void {
    for (const wish of this.#wishes.splice(0)) {
      const inLog = wish.proposed !== null;
      const message = inLog
        ? 'the node stops while the change is in the log, which another leader may go on with: look at the members before trying again'
        : 'the node stops; ask another';
      wish.reject(new TanistError('stopping', message, { indeterminate: inLog }));
    }
  }

  /** Of the changes ahead those that are in the log still: one that is not keeps nothing waiting, also where this node itself leads next. */
  #inLog(): readonly { readonly change: MemberChange }[] {
    if (mutant.active === 'lost-change-blocks') return this.#ahead;
    const { raft } = this.#options;
    this.#ahead = this.#ahead.filter(({ index, term }) => raft.entryAt(index)?.term === term);
    return this.#ahead;
  }

  /** As applied; of the config before there is anything. */
  #facts(): readonly MemberFacts[] {
    const facts = this.#options.members().list();
    return facts.length > 0 ? facts : this.#options.configured.map(factsOfConfigured);
  }

  #tend(): void {
    const { self, published } = this.#options;
    const facts = this.#options.members().list();
    if (facts.length === 0) {
      this.#seed();
      return;
    }
    for (const known of facts) {
      const { id } = known;
      const said = id === self ? this.publishing() : published(id);
      if (said === null || said.id !== id) continue;
      // What it is to be is decided here alone, and it may have heard of it late.
      const set = locationOf(known, said);
      if (factsText(set) === factsText(known)) continue;
      this.#propose({ set: [set], removed: [] });
      return;
    }
  }

  /** Before anything else becomes a fact: from then on the config's members would be unknown. False: there are facts, or none to make. */
  #seed(): boolean {
    const { configured, raft, members } = this.#options;
    if (members().list().length > 0) return false;
    const counted = membersOf(raft.status.configuration);
    const set = configured
      .filter(({ id, join }) => join !== true || counted.includes(id))
      .map(factsOfConfigured);
    if (set.length > 0) this.#propose({ set, removed: [] });
    return set.length > 0;
  }

  #propose(change: MemberChange): void {
    const { raft, wake } = this.#options;
    const { voters, learners } = raft.status.configuration;
    if (raft.proposeConfiguration({ voters, learners }, change).accepted) wake();
  }

  /** The first wish that is not in the log goes into it, if no other change is under way. */
  #next(): void {
    const { raft, wake, isAlive, isConnected, trusts, trouble } = this.#options;
    const wish = this.#wishes.find(({ proposed }) => proposed === null);
    if (wish === undefined) return;
    if (this.#inLog().length > 0 && mutant.active !== 'two-changes-at-once') return;
    if (this.#seed()) return;
    try {
      const { change, ...target } = planChange(wish.request, {
        members: this.#options.members(),
        raft: raft.status,
        isAlive,
        isConnected,
        trusts,
        trouble,
      });
      const result = raft.proposeConfiguration(target, change);
      if (result.accepted) {
        wish.proposed = { index: result.index, term: result.term };
        wake();
      } else if (result.reason === 'not-leader') {
        this.#drop(wish);
        wish.reject(notLeader());
      }
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
      this.#drop(wish);
      wish.reject(error);
    }
  }

  #giveUp(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const wish of [...this.#wishes]) {
      if (wish.untilMs > nowMs) continue;
      this.#drop(wish);
      const message =
        wish.proposed === null
          ? 'another change of members, or a hand-over, takes long; try again'
          : 'the change is in the log, and no majority has confirmed it yet; look at the members before trying again';
      wish.reject(
        new TanistError('configuration-change-pending', message, { indeterminate: wish.proposed !== null }),
      );
    }
  }

  #drop(wish: Wish): void {
    this.#wishes = this.#wishes.filter((other) => other !== wish);
  }
}

function routedOf({ id, client, peer, http, tier, labels }: MemberFacts): Member {
  const member = { id, clientAddress: client, peerAddress: peer, httpAddress: http, tier };
  return Object.keys(labels).length === 0 ? member : { ...member, labels };
}

/** It listens for peers, or is about to. */
function isHot({ tier, wanted }: MemberFacts): boolean {
  return tier === 'hot' || wanted === 'hot';
}

function notLeader(): TanistError {
  return new TanistError('not-leader', 'this node does not lead; ask the leader');
}
