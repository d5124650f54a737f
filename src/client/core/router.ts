import { mutant } from '../../foundation/mutants.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { Lineage } from '../../ports/replication.ts';
import { leaderAddressOf, type Member, type Routing, sameRouting } from '../../protocol/status/routing.ts';
import { mostFollow, mostHaveGivenUp, type Words, withWord } from './leader-words.ts';

/**
 * Which member the session stream goes to. `attached`: the stream with this number, to this address; `trusted` once the member was announced
 * as leader or has answered, before that it is a guess and gets a single batch. `detached`: none; the next guess is due at `retryAtMs`.
 */
export type Route =
  | {
      readonly state: 'attached';
      readonly address: string;
      readonly stream: number;
      readonly trusted: boolean;
      /** The newest one heard of when the stream began, or when its member was announced. */
      readonly term: number;
    }
  | { readonly state: 'detached'; readonly retryAtMs: number };

export interface RouterState {
  readonly route: Route;
  /** The newest word on who leads. */
  readonly routing: Routing | null;
  /** The one that is followed, the first that was heard of or a later one that came from it; null: none said so yet. */
  readonly lineage: Lineage | null;
  /** Of which each address last said that it is, on its present connection. */
  readonly lineages: ReadonlyMap<string, Lineage>;
  /** The newest word of a member that is of no lineage of the followed one's past or future: answers of the two must not be mixed. */
  readonly conflict: LineageConflict | null;
  readonly seeds: readonly string[];
  /** Addresses whose connection is broken. */
  readonly down: ReadonlySet<string>;
  /** Refused or broken since the last answer. */
  readonly attempts: number;
  /** Who failed last: the next guess is another one, if there is another one. */
  readonly failed: string | null;
  readonly distrusted: Distrusted | null;
  /** What each address last said of who leads, on its present connection. */
  readonly words: Words;
  readonly streams: number;
}

/** An announcement of this leader for a term up to this one is not believed. */
interface Distrusted {
  readonly address: string;
  readonly term: number;
  /** `itself`: it has refused since, or its stream broke. `voters`: most of them had given it up; they may follow it again. */
  readonly by: 'itself' | 'voters';
}

export interface LineageConflict {
  /** Empty: not known. */
  readonly address: string;
  readonly lineage: Lineage;
  /** The followed one. */
  readonly own: Lineage;
}

export type RouterInput =
  /** `from`: the address of the member that says it. */
  | { readonly type: 'routing'; readonly from: string; readonly routing: Routing; readonly nowMs: number }
  | { readonly type: 'linkUp'; readonly address: string }
  | { readonly type: 'linkDown'; readonly address: string; readonly nowMs: number }
  | { readonly type: 'streamLost'; readonly stream: number; readonly nowMs: number }
  /** It says that it does not lead, or is not ready. */
  | { readonly type: 'refused'; readonly stream: number; readonly nowMs: number }
  | { readonly type: 'answered'; readonly stream: number }
  | { readonly type: 'tick'; readonly nowMs: number };

const longestWaitMs = 50;

export function initialRouter(seeds: readonly string[]): RouterState {
  return {
    route: { state: 'detached', retryAtMs: 0 },
    routing: null,
    lineage: null,
    lineages: new Map(),
    conflict: null,
    seeds,
    down: new Set(),
    attempts: 0,
    failed: null,
    distrusted: null,
    words: new Map(),
    streams: 0,
  };
}

/**
 * Pure. One lineage is followed (promise 8): members of an older one, or of one that began from the same, are passed over as if they were not there; a later
 * one is followed at once. The way after a leader's death: first heir, the other members in turn, and at once whoever announces itself. A leader is left when
 * its connection breaks, and before that where most of those who elect it hold it for dead: its kernel may need longer to close its connections than they need
 * to elect another one.
 */
export function nextRouter(state: RouterState, input: RouterInput): RouterState {
  switch (input.type) {
    case 'routing':
      return handleRouting(state, input);
    case 'linkUp':
      return handleLinkUp(state, input.address);
    case 'linkDown': {
      const next = { ...forgetWords(state, input.address), down: new Set(state.down).add(input.address) };
      const { route } = state;
      return route.state === 'attached' && route.address === input.address ? moveOn(next, input.nowMs) : next;
    }
    case 'streamLost':
    case 'refused':
      return isPresent(state, input.stream) ? moveOn(state, input.nowMs) : state;
    case 'answered': {
      const { route } = state;
      if (route.state !== 'attached' || route.stream !== input.stream) return state;
      if (route.trusted && state.attempts === 0) return state;
      const distrusted = state.distrusted?.address === route.address ? null : state.distrusted;
      return { ...state, route: { ...route, trusted: true }, attempts: 0, distrusted };
    }
    case 'tick':
      return state.route.state === 'detached' && input.nowMs >= state.route.retryAtMs
        ? guess(state, input.nowMs)
        : state;
  }
}

/** The announced leader's address, if its announcement is to be believed. */
export function leaderAddress(state: RouterState): string | null {
  const { routing, distrusted } = state;
  const address = announcedAddress(routing);
  if (routing === null || address === null || state.down.has(address) || isOfAnother(state, address))
    return null;
  return distrusted?.address === address && routing.term <= distrusted.term ? null : address;
}

function announcedAddress(routing: Routing | null): string | null {
  return routing === null ? null : leaderAddressOf(routing);
}

/** Whom to try, in this order: the heirs, the other members, the addresses the user gave; last whoever has just failed. */
export function candidates(state: RouterState): readonly string[] {
  return inOrder(state).filter((address) => !state.down.has(address) && !isOfAnother(state, address));
}

/** All there are, in that order. */
function inOrder(state: RouterState): readonly string[] {
  const members = state.routing?.members ?? [];
  const heirs = (state.routing?.succession ?? []).map(
    (id) => members.find((member) => member.id === id)?.clientAddress ?? '',
  );
  const addresses = (of: readonly Member[]): readonly string[] =>
    of.map(({ clientAddress }) => clientAddress);
  const beyond = addresses(members.filter((member) => !isHot(member)));
  const all = new Set([...heirs, ...addresses(members.filter(isHot)), ...state.seeds]);
  for (const address of beyond) if (all.delete(address)) all.add(address);
  for (const address of beyond) all.add(address);
  const failed = state.distrusted?.address;
  if (failed !== undefined && all.delete(failed)) all.add(failed);
  all.delete('');
  return [...all];
}

/** It has said that it is of another lineage than the followed one. */
export function isOfAnother({ lineage, lineages }: RouterState, address: string): boolean {
  const its = lineages.get(address);
  if (lineage === null || its === undefined || mutant.active === 'answers-of-two-lineages-mixed')
    return false;
  return compareLineage(lineage, its) !== 'same';
}

function handleRouting(before: RouterState, input: RoutingInput): RouterState {
  const { routing, from } = input;
  const { lineage: said = null } = routing;
  const noted = said === null ? before : { ...before, lineages: new Map(before.lineages).set(from, said) };
  const own = before.lineage;
  if (said === null || mutant.active === 'answers-of-two-lineages-mixed') return accept(noted, input);
  if (own === null) return accept({ ...noted, lineage: said }, input);
  switch (compareLineage(own, said)) {
    case 'same':
      // One that has just begun may not have read its epoch yet.
      return accept(
        { ...noted, lineage: said.epoch > own.epoch ? said : own, conflict: conflictWithout(noted, from) },
        input,
      );
    case 'newer':
      return leaveOthers(
        accept(
          { ...noted, lineage: said, routing: null, words: new Map(), distrusted: null, conflict: null },
          input,
        ),
      );
    case 'older':
      return leaveOthers(noted);
    case 'conflict':
    case 'foreign':
      return leaveOthers({ ...noted, conflict: { address: from, lineage: said, own } });
  }
}

/** Whom the session stream goes to must be of the followed lineage. */
function leaveOthers(state: RouterState): RouterState {
  const { route } = state;
  if (route.state !== 'attached' || !isOfAnother(state, route.address)) return state;
  return { ...state, failed: route.address, route: { state: 'detached', retryAtMs: 0 } };
}

function accept(state: RouterState, input: RoutingInput): RouterState {
  const { from, routing } = input;
  const noted = { ...state, words: withWord(state.words, from, routing) };
  return leaveDeposed(believeAgain(handleNews(noted, routing), routing), input);
}

/** Replicas beyond the quorum never lead: they are for reads where nobody else is left. */
function isHot({ tier }: Member): boolean {
  return tier !== 'warm' && tier !== 'cold';
}

function handleNews(state: RouterState, routing: Routing): RouterState {
  const known = state.routing;
  // Every member says it, and on two streams each.
  if (known !== null && sameRouting(known, routing)) return state;
  const isNews =
    known === null ||
    routing.term > known.term ||
    (routing.term === known.term && (routing.leader !== null || known.leader === null));
  if (!isNews) return state;
  const isNewTerm = routing.term > (known?.term ?? -1);
  return followLeader({ ...state, routing, attempts: isNewTerm ? 0 : state.attempts });
}

type RoutingInput = Extract<RouterInput, { readonly type: 'routing' }>;

/** What it said on a connection that is broken may be otherwise by now. */
function forgetWords(state: RouterState, address: string): RouterState {
  const lineages = new Map(state.lineages);
  lineages.delete(address);
  const words = new Map(state.words);
  words.delete(address);
  return { ...state, lineages, words, conflict: conflictWithout(state, address) };
}

/** The member at that address is of no other lineage any more, or is gone. */
function conflictWithout({ conflict }: RouterState, address: string): LineageConflict | null {
  return conflict?.address === address ? null : conflict;
}

/** One alone may be cut off; a leader whom most of its voters have given up commits nothing any more. */
function leaveDeposed(state: RouterState, { routing, nowMs }: RoutingInput): RouterState {
  const { route, words } = state;
  if (routing.leader !== null || route.state !== 'attached' || !route.trusted) return state;
  return mostHaveGivenUp(words, hotOf(state), route.term) ? moveOn(state, nowMs, 'voters') : state;
}

/** It was alive all the time, and most of the others have seen so: calls that only a leader answers go there again. */
function believeAgain(state: RouterState, { leader }: Routing): RouterState {
  const { distrusted, words } = state;
  if (leader === null || distrusted?.by !== 'voters') return state;
  return mostFollow(words, hotOf(state), distrusted.address, distrusted.term)
    ? followLeader({ ...state, distrusted: null })
    : state;
}

function hotOf({ routing }: RouterState): readonly Member[] {
  return (routing?.members ?? []).filter(isHot);
}

function handleLinkUp(state: RouterState, address: string): RouterState {
  const down = new Set(state.down);
  down.delete(address);
  const distrusted = state.distrusted?.address === address ? null : state.distrusted;
  const next = followLeader({ ...state, down, distrusted });
  if (next.route.state === 'attached') return next;
  return candidates(state).length === 0 ? attach(next, address, false) : next;
}

function followLeader(state: RouterState): RouterState {
  const leader = leaderAddress(state);
  if (leader === null) return state;
  const { route } = state;
  if (route.state === 'attached' && route.address === leader) {
    const term = state.routing?.term ?? route.term;
    if (!route.trusted) return { ...state, route: { ...route, trusted: true, term } };
    // Deposed and elected again: what it took in the earlier term may be gone.
    if (term === route.term) return state;
  }
  return attach(state, leader, true);
}

/** The attached member failed. Each other one is tried once without a wait, then with growing ones. */
function moveOn(state: RouterState, nowMs: number, by: Distrusted['by'] = 'itself'): RouterState {
  const { route, routing } = state;
  // A failed guess says nothing about the announced leader.
  const wasLeader = route.state === 'attached' && route.address === announcedAddress(routing);
  const distrusted = wasLeader ? { address: route.address, term: routing?.term ?? 0, by } : state.distrusted;
  const failed = route.state === 'attached' ? route.address : state.failed;
  const next = { ...state, distrusted, failed, attempts: state.attempts + 1 };
  const choices = candidates(next).length;
  const excess = next.attempts - Math.max(choices, 1);
  if (choices > 0 && excess <= 0) return guess(next, nowMs);
  const waitMs = Math.min(2 ** Math.max(0, excess), longestWaitMs);
  return { ...next, route: { state: 'detached', retryAtMs: nowMs + waitMs } };
}

function guess(state: RouterState, nowMs: number): RouterState {
  const leader = leaderAddress(state);
  if (leader !== null) return attach(state, leader, true);
  const choice = nextAfterFailed(state);
  if (choice !== undefined) return attach(state, choice, false);
  return { ...state, route: { state: 'detached', retryAtMs: nowMs + longestWaitMs } };
}

/** In turn, those that are down left out: whoever goes down or comes up meanwhile, each one's turn comes. */
function nextAfterFailed(state: RouterState): string | undefined {
  const all = inOrder(state);
  const after = (state.failed === null ? -1 : all.indexOf(state.failed)) + 1;
  return [...all.slice(after), ...all.slice(0, after)].find(
    (address) => !state.down.has(address) && !isOfAnother(state, address),
  );
}

function attach(state: RouterState, address: string, trusted: boolean): RouterState {
  const stream = state.streams + 1;
  const term = state.routing?.term ?? 0;
  return { ...state, streams: stream, route: { state: 'attached', address, stream, trusted, term } };
}

function isPresent(state: RouterState, stream: number): boolean {
  return state.route.state === 'attached' && state.route.stream === stream;
}
