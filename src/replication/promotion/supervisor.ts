import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import { type Random, randomName } from '../../foundation/random.ts';
import type { OutgoingImage } from '../../node/image/image-outlet.ts';
import { type Clock, nextTurn, type Timer } from '../../ports/clock.ts';
import type { ForcedPolicy, ForcedReport, Fork } from '../../ports/lineage.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts, MemberInfo } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Held, Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import { type ForcedPromotion, forcePromotion, weighForced } from '../forced/force-promotion.ts';
import { ForcedWatch, fenceAll, type RunFence, witnessesOf } from '../forced/forced-policy.ts';
import { nothingToForce } from '../forced/nothing-to-force.ts';
import { forkOfHeld, headOfHeld } from '../fork/fork-of-held.ts';
import { Backoff } from './backoff.ts';
import {
  decideBeyond,
  decideByWord,
  decideEmpty,
  decideHot,
  forkOf,
  furthest,
  type RoleDecision,
} from './decide-role.ts';
import { fenceHot } from './fence-hot.ts';
import { FencingRounds } from './fencing-rounds.ts';
import { fetchImage } from './fetch-image.ts';
import { Introductions } from './introductions.ts';
import { readRole } from './role.ts';
import type { BeyondRuntime, HotRuntime, MemberRuntime, OtherMembers, RuntimeStarts } from './runtimes.ts';
import { becomeBeyond, becomeHot, beginEmpty, discardHot, fence, type Place } from './transitions.ts';

export interface SupervisorParts {
  readonly place: Place;
  /** Of the config, where the folder says nothing. */
  readonly tier: Tier;
  /** The config's members, where nothing else is known. */
  readonly seeds: readonly MemberFacts[];
  readonly limits: RequestLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeLog: NodeLog;
  readonly starts: RuntimeStarts;
  readonly others: OtherMembers;
  /** Null: only an operator promotes by force. */
  readonly forced: { readonly policy: ForcedPolicy; readonly run: RunFence } | null;
}

const lookMs = 250;
/** A hot node that has heard no leader for so long asks around whether it still is what it takes itself for. */
const silentMs = 2000;
const askDeadlineMs = 1000;
/** A hot node asks soon, since it may be what holds an old quorum together; a replica beyond it hears most things by itself. */
const askSoonMs = 500;
const askBeyondEveryMs = 2000;
/** What a round of questions found is of use for so long. */
const freshMs = 3 * askBeyondEveryMs;
const firstRetryMs = 250;
const lastRetryMs = 10_000;
const firstFenceRetryMs = 2000;
const lastFenceRetryMs = 60_000;
/** So that who forced a promotion has the answer before the port closes. */
const answerMs = 300;

/**
 * Runs what the folder's role says on the member's ports, and changes it when the cluster says so.
 *
 * 1. One runtime at a time, one change at a time; a change writes the role before it stops or starts anything (transitions.ts).
 * 2. A member of an older lineage serves nothing from the moment that it hears of the fork, and takes nothing of the new one before its file is whole.
 * 3. What fails is tried again; a runtime that cannot be started at all ends the member.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #fencing: FencingRounds;
  readonly #introductions: Introductions;
  readonly #watch: ForcedWatch | null;
  #runtime: MemberRuntime | null = null;
  #lastSaid: MemberLineage;
  #changing: Promise<void> | null = null;
  #stopping = false;
  #timer: Timer | null = null;
  #abort = new AbortController();
  /** Databases of another role may still be there. */
  #untidy = true;
  #nextAskMs = 0;
  /** The leader that last came by, of this member's lineage: it names whom to ask where all that were known are gone. */
  #presented: MemberLineage | null = null;
  #asked: { readonly quorum: 'seen' | 'gone'; readonly atMs: number } | null = null;
  /** What is held was not what a source has. */
  #fetchesWhole = false;
  /** Names drawn by this process. */
  #named = 0;
  readonly #promotions = new Backoff(firstRetryMs, lastRetryMs);
  readonly #fenceTries = new Backoff(firstFenceRetryMs, lastFenceRetryMs);
  /** As the role has it; what runs may not know it yet. */
  #lineage: Lineage | null = null;
  readonly #failed: (error: Error) => void;
  /** Resolves when the member has to stop, with the reason. */
  readonly failed: Promise<Error>;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#watch = parts.forced === null ? null : new ForcedWatch(parts.forced.policy);
    this.#fencing = new FencingRounds(parts.others, parts.nodeLog);
    this.#introductions = new Introductions(parts.others, parts.clock);
    let tell: (error: Error) => void = () => {};
    this.failed = new Promise((resolve) => {
      tell = resolve;
    });
    this.#failed = tell;
    this.#lastSaid = nobody(parts.place.self, parts.tier);
  }

  async start(): Promise<MemberRuntime> {
    const { place, nodeLog } = this.#parts;
    const role = await readRole(place.folder, () =>
      nodeLog.error('damage-found', {
        found: 'one of the two copies of role.json was altered; it is written anew',
      }),
    );
    this.#warnOfPolicy();
    const runtime = await this.#begin(role?.tier ?? this.#parts.tier, role?.lineage ?? null);
    this.#plan();
    return runtime;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    this.#abort.abort();
    await this.#changing;
    await this.#runtime?.stop(true);
    this.#runtime = null;
  }

  /** The runtime has found that it must not go on. */
  runtimeFailed(error: Error): void {
    if (this.#changing === null) this.#failed(error);
  }

  said(): MemberLineage {
    const now = this.#runtime?.said() ?? this.#lastSaid;
    const lineage = now.lineage.clusterId === '' ? (this.#lineage ?? now.lineage) : now.lineage;
    this.#lastSaid = { ...now, lineage };
    const quorum = this.#quorum();
    return quorum === null ? this.#lastSaid : { ...this.#lastSaid, quorum };
  }

  /** What others, who may be cut off, ask it as a witness; null: it has not looked of late. */
  #quorum(): 'seen' | 'gone' | null {
    const { clock } = this.#parts;
    if (this.#runtime?.kind !== 'beyond' || this.#asked === null) return null;
    return clock.nowMs() - this.#asked.atMs > freshMs ? null : this.#asked.quorum;
  }

  #warnOfPolicy(): void {
    const { forced, seeds, place, nodeLog } = this.#parts;
    if (forced === null || witnessesOf({ id: place.self, members: seeds.map(asInfo) }).length > 0) return;
    const message = forced.policy.alone
      ? 'no other member beyond the quorum can confirm that the hot ones are gone: a network that cuts this one off has a healthy cluster fenced'
      : 'no other member beyond the quorum can confirm that the hot ones are gone: nothing is promoted by policy (add one, or set tiers.forced.alone)';
    nodeLog.warn('forced-policy', { message });
  }

  image(held: Held | null): Promise<OutgoingImage> {
    if (this.#runtime?.kind === 'hot') return this.#runtime.image(held);
    throw new TanistError('not-leader', `${this.#parts.place.self} is not hot; ask a hot node`);
  }

  /** Another member says who it is. Resolves when this one is about to stop serving, where that is of a newer lineage, or at once. */
  async presented(by: MemberLineage): Promise<void> {
    const own = this.said();
    const fork = forkOf(own.lineage, by);
    if (fork !== null && mutant.active !== 'fencing-forgotten') this.#change(() => this.#fence(fork));
    const isOurs = own.lineage.clusterId === '' || compareLineage(own.lineage, by.lineage) === 'same';
    if (this.#runtime?.kind !== 'beyond' || !isOurs || by.tier !== 'hot') return;
    if (!by.members.some(({ id }) => id === own.id)) return;
    this.#presented = by;
    this.#nextAskMs = 0;
  }

  async force(confirmed: boolean): Promise<ForcedReport> {
    await this.#changing;
    const runtime = this.#runtime;
    if (runtime === null || this.#changing !== null || this.#stopping)
      throw new TanistError('starting', 'this member is changing its role at present; try again');
    if (runtime.kind === 'hot') throw nothingToForce(this.said());
    return new Promise((resolve, reject) => {
      void this.#change(async () => {
        let report: ForcedReport;
        try {
          report = await this.#forced(runtime, confirmed);
        } catch (error) {
          runtime.resume();
          reject(error);
          return;
        }
        resolve(report);
        // Within one change: nothing else may touch the folder between the new role and the runtime that it asks for.
        if (confirmed) await this.#goOnAsForced(report);
        else runtime.resume();
      });
    });
  }

  async #forced(runtime: BeyondRuntime, confirmed: boolean): Promise<ForcedReport> {
    const { place, others, limits, clock } = this.#parts;
    const forced: ForcedPromotion = {
      place,
      content: await runtime.pause(),
      ask: (member, deadlineMs) => others.ask(member, deadlineMs),
      limits,
      random: this.#names('forced'),
      clock,
      yieldTurn: () => new Promise((resolve) => clock.soon(resolve)),
    };
    return confirmed ? forcePromotion(forced) : weighForced(forced);
  }

  async #goOnAsForced({ fork }: ForcedReport): Promise<void> {
    const { nodeLog, place, clock } = this.#parts;
    nodeLog.warn('forced', { cluster: fork.to.clusterId, epoch: fork.to.epoch, member: place.self });
    await new Promise<void>((resolve) => clock.after(answerMs, resolve));
    await this.#switch('hot', fork.to);
  }

  #plan(): void {
    if (this.#stopping) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      this.#look().then(
        () => this.#plan(),
        (error: unknown) => {
          this.#parts.nodeLog.warn('role-failed', { error: String(error) });
          this.#plan();
        },
      );
    });
  }

  async #look(): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === null || this.#changing !== null) return;
    if (runtime.kind === 'beyond') await this.#lookBeyond(runtime.isWhole());
    else await this.#lookHot(runtime);
  }

  async #lookBeyond(whole: boolean): Promise<void> {
    const own = this.said();
    if (whole && this.#untidy) await this.#exclusive(() => this.#tidy());
    const decision = decideBeyond(own);
    if (decision.do === 'become') return this.#change(() => this.#becomeBeyond(decision.tier));
    const before = this.#runtime;
    if (decision.do === 'prefetch') await this.#tryPromotion();
    else this.#promotions.over();
    // Who cannot become hot may be one whose quorum, or lineage, has ended meanwhile.
    if (this.#runtime === before) await this.#askAround();
  }

  /** An image is dear to its source: one that could not be taken is not asked for again at once. */
  async #tryPromotion(): Promise<void> {
    const { clock } = this.#parts;
    if (!this.#promotions.isDue(clock.nowMs())) return;
    const before = this.#runtime;
    await this.#change(() => this.#promote());
    if (this.#runtime === before) this.#promotions.failed(clock.nowMs());
    else this.#promotions.over();
  }

  async #lookHot(runtime: HotRuntime): Promise<void> {
    const own = this.said();
    const member = runtime.isMember();
    if (member && own.leader === own.id) {
      this.#introductions.look(own, (id) => runtime.hears(id));
      await this.#fencing.round(own);
      // Superseded, or promoted by force, meanwhile: whatever is tidied up then belongs to the other role.
      if (runtime !== this.#runtime || this.#changing !== null) return;
    }
    if (member && own.leader !== null && this.#untidy) await this.#exclusive(() => this.#tidy());
    if (!member || runtime.silentMs() > silentMs) await this.#askAround();
  }

  /** Hears of another lineage, or of facts that this member cannot hear of by itself. */
  async #askAround(): Promise<void> {
    const own = this.said();
    const runtime = this.#runtime;
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs < this.#nextAskMs) return;
    const isCalm = runtime?.kind === 'beyond' && runtime.isWhole();
    this.#nextAskMs = nowMs + (isCalm ? askBeyondEveryMs : askSoonMs);
    const answers = await this.answers();
    // Of another lineage since it asked, perhaps: what is a fork to the one before would be saved over the file of that fork, with nothing of it.
    if (runtime !== this.#runtime && mutant.active !== 'fenced-by-what-it-was') return;
    const isSeen = answers.some(
      ({ tier, lineage }) => tier === 'hot' && compareLineage(own.lineage, lineage) === 'same',
    );
    this.#asked = { quorum: isSeen ? 'seen' : 'gone', atMs: this.#parts.clock.nowMs() };
    for (const answer of answers) {
      const fork = forkOf(own.lineage, answer);
      if (fork !== null) return this.#change(() => this.#fence(fork));
    }
    const answer = furthest(own.lineage, answers);
    const decision = answer === null ? null : this.#decide(own, answer);
    if (decision?.do === 'begin-hot') return this.#change(() => this.#beginHot(decision.lineage));
    if (decision?.do === 'become') return this.#change(() => this.#becomeBeyond(decision.tier));
    if (runtime?.kind === 'beyond' && answer !== null) runtime.sources(answer.members);
    if (runtime?.kind === 'beyond' && this.#watch?.saw(own, answers, nowMs) === true)
      await this.#forceByPolicy();
  }

  #decide(own: MemberLineage, answer: MemberLineage): RoleDecision {
    const runtime = this.#runtime;
    if (runtime?.kind === 'hot') return decideHot(own, runtime.lastIndex(), answer);
    const empty = decideEmpty(own, answer);
    return empty.do === 'stay' ? decideByWord(own, answer) : empty;
  }

  /** Only after every old hot member was fenced. */
  async #forceByPolicy(): Promise<void> {
    const { forced, nodeLog, clock, place } = this.#parts;
    if (forced === null || !this.#fenceTries.isDue(clock.nowMs())) return;
    const failed = await fenceAll(forced.policy, this.said(), forced.run);
    if (failed.length === 0) {
      this.#fenceTries.over();
      await this.force(true);
      return;
    }
    const waitMs = this.#fenceTries.failed(clock.nowMs());
    const who = failed.map(({ id, reason }) => `${id} could not be fenced (${reason})`).join(', ');
    nodeLog.warn('role-failed', {
      error: `no forced promotion: ${who}; it is tried again in ${waitMs / 1000} s: mend the fence command, or make sure that these nodes cannot run and promote by hand (tanist promote ${place.self} --force)`,
    });
  }

  /** Of all other members that answer in time. Where none of them is hot, those are asked whom they name: its config, or what it holds, may be old. */
  async answers(): Promise<readonly MemberLineage[]> {
    const { seeds } = this.#parts;
    const own = this.said();
    const known = new Map<NodeId, MemberFacts>(seeds.map((facts) => [facts.id, facts]));
    // The newest word on each counts.
    const words = [own, ...(this.#presented === null ? [] : [this.#presented])];
    for (const { members } of words.sort((a, b) => a.applied - b.applied))
      for (const facts of members) known.set(facts.id, facts);
    const answers = await this.#ask([...known.values()]);
    if (answers.some(({ tier }) => tier === 'hot')) return answers;
    const named = new Map<NodeId, MemberFacts>();
    for (const { members } of answers)
      for (const facts of members) if (!known.has(facts.id)) named.set(facts.id, facts);
    return [...answers, ...(await this.#ask([...named.values()]))];
  }

  async #ask(members: readonly MemberFacts[]): Promise<readonly MemberLineage[]> {
    const { others, place } = this.#parts;
    const asked = members.filter(({ id, client }) => id !== place.self && client !== '');
    const answers = await Promise.all(asked.map((member) => others.ask(member, askDeadlineMs)));
    return answers.filter((answer) => answer !== null);
  }

  /** The replica serves on while the image comes in. */
  async #promote(): Promise<void> {
    const { place, others, clock, nodeLog } = this.#parts;
    const { lineage, applied: held } = this.said();
    const runtime = this.#runtime;
    const pinned = runtime?.kind === 'beyond' && !this.#fetchesWhole ? await runtime.pin() : null;
    const { applied, from, bytes, heldBytes } = await fetchImage({
      place,
      lineage,
      held,
      pinned,
      refused: (from, error) => {
        this.#fetchesWhole = true;
        nodeLog.warn('image-refused', { from, error: error.message });
      },
      answers: await this.answers(),
      others,
      random: this.#names('store'),
      clock,
      stillWanted: () => decideBeyond(this.said()).do === 'prefetch',
      signal: this.#abort.signal,
    }).finally(() => pinned?.release());
    this.#fetchesWhole = false;
    nodeLog.info('image-fetched', { from, index: applied.point.index, bytes, heldBytes });
    await becomeHot(place.folder, lineage);
    await this.#switch('hot', lineage);
  }

  /** With an empty store. */
  async #beginHot(lineage: Lineage): Promise<void> {
    const { place } = this.#parts;
    await beginEmpty(place, lineage, randomName(this.#names('store')));
    await becomeHot(place.folder, lineage);
    await this.#switch('hot', lineage);
  }

  /** Never the same twice: peers know a store by its random id, and would take a second one of that id for an old one. */
  #names(use: string): Random {
    this.#named += 1;
    return this.#parts.random.fork(`${use} ${this.#named}`);
  }

  async #becomeBeyond(tier: Exclude<Tier, 'hot'>): Promise<void> {
    const said = this.said().lineage;
    const lineage = said.clusterId === '' ? null : said;
    await becomeBeyond(this.#parts.place.folder, tier, lineage);
    await this.#switch(tier, lineage);
  }

  async #fence(fork: Fork): Promise<void> {
    const { place, limits, clock, nodeLog } = this.#parts;
    const runtime = this.#runtime;
    const own = this.said();
    nodeLog.warn('superseded', { cluster: fork.to.clusterId, epoch: fork.to.epoch });
    const tier = own.tier === 'cold' ? 'cold' : 'warm';
    let file: string | null = null;
    if (runtime?.kind === 'beyond') {
      const content = await runtime.pause();
      if (content === null) await becomeBeyond(place.folder, tier, fork.to);
      else {
        const head = { ...headOfHeld(content, fork), member: place.self, tier };
        file = await fence(place.folder, tier, fork, { head, entries: forkOfHeld(content, fork) });
      }
    } else {
      await runtime?.stop(false);
      this.#runtime = null;
      // What is left of a time as a replica is of an older lineage, and must not pass for what this member had.
      await this.#parts.starts.discardBeyond(tier);
      file = await fenceHot(
        place.folder,
        tier,
        {
          disk: place.folder.disk,
          folder: place.path,
          clusterId: own.lineage.clusterId,
          self: place.self,
          fork,
          limits,
          yieldTurn: () => nextTurn(clock),
        },
        nodeLog,
      );
    }
    const show = file === null ? undefined : `tanist fork show ${place.path}/${file}`;
    nodeLog.warn('fork-saved', { file, epoch: fork.to.epoch, show });
    await this.#switch(tier, fork.to, runtime?.kind === 'beyond');
  }

  /** `anew`: what the replica holds is of another lineage. */
  async #switch(tier: Tier, lineage: Lineage | null, anew = false): Promise<void> {
    const before = this.said().tier;
    const runtime = this.#runtime;
    this.#runtime = null;
    await runtime?.stop(false);
    if (anew && tier !== 'hot') await this.#parts.starts.discardBeyond(tier);
    this.#parts.nodeLog.info('role-changed', { from: before, to: tier, cluster: lineage?.clusterId ?? null });
    await this.#begin(tier, lineage);
  }

  async #begin(tier: Tier, lineage: Lineage | null): Promise<MemberRuntime> {
    const { starts } = this.#parts;
    this.#untidy = true;
    this.#lineage = lineage;
    // What it found as a witness was of the lineage before.
    this.#asked = null;
    const runtime = tier === 'hot' ? await starts.hot(lineage) : await starts.beyond(tier, lineage);
    this.#runtime = runtime;
    return runtime;
  }

  async #tidy(): Promise<void> {
    const { starts, place } = this.#parts;
    const { tier } = this.said();
    if (tier !== 'hot') await discardHot(place.folder);
    if (tier !== 'warm') await starts.discardBeyond('warm');
    if (tier !== 'cold') await starts.discardBeyond('cold');
    this.#untidy = false;
  }

  /** A change that fails leaves what runs, or ends the member where nothing runs any more. */
  async #change(act: () => Promise<void>): Promise<void> {
    if (this.#changing !== null || this.#stopping) return;
    await this.#exclusive(async () => {
      try {
        await act();
      } catch (error) {
        this.#parts.nodeLog.warn('role-failed', { error: asError(error).message });
        if (this.#runtime === null && !this.#stopping) this.#failed(asError(error));
        else if (this.#runtime?.kind === 'beyond') this.#runtime.resume();
      }
    });
  }

  async #exclusive(act: () => Promise<void>): Promise<void> {
    const run = act().finally(() => {
      this.#changing = null;
    });
    this.#changing = run.catch(() => {});
    await run;
  }
}

const asInfo = (facts: MemberFacts): MemberInfo => ({ ...facts, voter: false, learner: false });

function nobody(id: NodeId, tier: Tier): MemberLineage {
  return {
    id,
    lineage: { clusterId: '', epoch: 0 },
    tier,
    leader: null,
    voters: [],
    applied: 0,
    revision: 0,
    members: [],
    forks: [],
  };
}
