import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type {
  Lineage,
  LinkMeasurement,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../ports/replication.ts';
import type { SourceOffer } from '../choose-source.ts';
import { Complaints } from '../complaints.ts';
import { followSource } from '../follow-source.ts';
import { SourceChoice } from '../source-choice.ts';
import { isFinal } from './final-failure.ts';
import { ListenerWords } from './listener-words.ts';
import { SourceMoves } from './source-moves.ts';
import type { WarmHealth } from './warm-health.ts';
import type { WarmReplicaOptions, WarmTiming } from './warm-options.ts';
import type { WarmState } from './warm-state.ts';

export interface FollowingParts {
  readonly options: Pick<
    WarmReplicaOptions,
    'id' | 'start' | 'clock' | 'nodeLog' | 'directory' | 'links' | 'accepts' | 'listener' | 'membersChanged'
  >;
  readonly timing: WarmTiming;
  readonly state: WarmState;
  readonly health: WarmHealth;
  /** What the replica says of itself. */
  readonly report: () => ReplicaReport;
  /** It cannot go on. */
  readonly failed: (error: Error) => void;
}

/** A warm replica's way to what it holds: one source after the other, each followed for as long as it says something and no other one is better. */
export class Following {
  readonly #parts: FollowingParts;
  readonly #choice: SourceChoice;
  readonly #moves: SourceMoves;
  readonly #complaints: Complaints;
  readonly #words: ListenerWords;
  #source: ReplicaSource | null = null;
  #looking = false;
  /** Whom it leaves its source for, at the next mark. */
  #next: SourceOffer | null = null;
  #markedMs: number | null = null;
  /** From the first word of what a mark ends to its being taken over. */
  #takenMs = 0;
  #begunMs: number | null = null;
  #marks = 0;
  #sourceChanges = 0;
  #stream: AbortController | null = null;
  #stopped = false;
  #paused = false;
  #current: Promise<void> = Promise.resolve();
  #running: Promise<void> | null = null;
  /** Those who sleep, to be woken by a stop. */
  readonly #sleepers = new Set<() => void>();

  constructor(parts: FollowingParts) {
    this.#parts = parts;
    const { clock, directory, links } = parts.options;
    this.#choice = new SourceChoice(clock, directory, parts.timing.grudgeMs, links);
    this.#moves = new SourceMoves(parts.timing);
    this.#complaints = new Complaints(parts.options.nodeLog);
    this.#words = new ListenerWords(parts.options.listener);
  }

  get source(): NodeId | null {
    return this.#source?.id ?? null;
  }

  get links(): readonly LinkMeasurement[] {
    return this.#choice.links;
  }

  get marks(): number {
    return this.#marks;
  }

  get sourceChanges(): number {
    return this.#sourceChanges;
  }

  /** Since the last mark; before the first one by the calendar, as far as that can be trusted. */
  get ageMs(): number {
    const { clock } = this.#parts.options;
    if (this.#markedMs !== null) return clock.nowMs() - this.#markedMs;
    const { meta } = this.#parts.state;
    return meta === null ? 0 : Math.max(0, clock.wallMs() - meta.timeMs);
  }

  get lagMs(): number {
    const { ageMs } = this;
    const isSilent = ageMs > this.#parts.timing.silenceMs / 4;
    return isSilent || this.#markedMs === null ? ageMs : this.#takenMs;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stream?.abort();
    this.#wakeAll();
    await this.#running;
  }

  /** Takes nothing more until `resume`; when it resolves what is held stands still. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#stream?.abort();
    await this.#current;
  }

  resume(): void {
    this.#paused = false;
    this.#wakeAll();
  }

  /** Tells the source how the replica is, and now and then looks for a better one. */
  tend(): void {
    this.#source?.report(this.#parts.report());
    this.#lookAround().catch((error: unknown) => this.#parts.failed(asError(error)));
  }

  /** Ends early when the replica stops. */
  sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = this.#parts.options.clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  async #run(): Promise<void> {
    const { options, timing, health, failed } = this.#parts;
    let retryMs = timing.firstRetryMs;
    while (!this.#stopped) {
      const marks = this.#marks;
      const next = this.#next;
      this.#next = null;
      try {
        const offer = this.#paused ? null : (next ?? (await this.#choice.best()));
        if (this.#stopped) return;
        if (this.#paused) await this.sleep(timing.longestRetryMs);
        else if (offer === null) health.hindered('no hot replica is there to follow');
        else {
          const following = this.#follow(offer);
          this.#current = following.catch(() => {});
          await following;
        }
      } catch (error) {
        if (this.#stopped) return;
        if (isFinal(error)) {
          failed(asError(error));
          return;
        }
      }
      if (this.#stopped) return;
      if (next !== null) this.#moves.ended(this.#marks > marks, options.clock.nowMs());
      if (this.#marks > marks) retryMs = timing.firstRetryMs;
      await this.sleep(retryMs);
      retryMs = Math.min(retryMs * 2, timing.longestRetryMs);
    }
  }

  /** Whether another source is better by now. The stream then ends with its next mark, so the other one goes on without a gap or a repetition. */
  async #lookAround(): Promise<void> {
    const { clock, directory, nodeLog } = this.#parts.options;
    const source = this.#source;
    const stream = this.#stream;
    if (source === null || stream === null || this.#looking || this.#next !== null) return;
    if (!this.#moves.isDue(directory.leader === source.id, clock.nowMs())) return;
    this.#looking = true;
    const offers = await this.#choice.offers().finally(() => {
      this.#looking = false;
    });
    if (this.#stopped || this.#paused || stream.signal.aborted || this.#stream !== stream) return;
    const next = this.#moves.looked(offers, source.id, this.#choice.failedLately(), clock.nowMs());
    if (next === null) return;
    nodeLog.info('replica-moves', { from: source.id, to: next.source.id });
    this.#next = next;
  }

  async #follow({ source }: SourceOffer): Promise<void> {
    const { id, start, clock, nodeLog } = this.#parts.options;
    const stream = new AbortController();
    this.#stream = stream;
    let heardMs = clock.nowMs();
    const { silenceMs } = this.#parts.timing;
    const watch = (): void => {
      if (stream.signal.aborted) return;
      if (clock.nowMs() - heardMs >= silenceMs) stream.abort();
      else silence = clock.after(silenceMs / 2, watch);
    };
    let silence = clock.after(silenceMs / 2, watch);
    this.#parts.state.begin();
    this.#begunMs = null;
    try {
      const own = start === undefined ? {} : { start };
      const request = { replica: id, ...own, mode: 'deltas', held: this.#parts.state.held } as const;
      for await (const part of followSource(source, request, stream.signal)) {
        heardMs = clock.nowMs();
        this.#begunMs ??= heardMs;
        if (this.#stopped || this.#paused) return;
        if (part.kind === 'ranges') this.#checkLineage(source, part.lineage);
        if (part.kind === 'ranges' && this.#source !== source) this.#follows(source);
        if (part.kind !== 'mark') {
          this.#words.came(part, this.#parts.state.meta?.lineage);
          await this.#parts.state.take(part);
        } else if (!(await this.#mark(part)) || this.#next !== null) return;
        // Its own work is not the source's silence.
        heardMs = clock.nowMs();
      }
      if (!this.#stopped) throw new TanistError('unavailable', 'the source says nothing any more');
    } catch (error) {
      if (this.#stopped || isFinal(error)) throw error;
      this.#choice.failed(source.id);
      const reason = error instanceof TanistError ? `${error.code}: ${error.message}` : String(error);
      if (this.#source === source) nodeLog.warn('replica-source-lost', { source: source.id, reason });
      this.#complaints.refused(source.id, error);
      this.#parts.health.hindered(`cannot follow ${source.id} (${reason})`);
      if (error instanceof TanistError && error.code === 'never-committed')
        await this.#contradicted(source.id, error.message);
      throw error;
    } finally {
      stream.abort();
      silence.cancel();
      if (this.#source === source) this.#source = null;
      this.#stream = null;
    }
  }

  #checkLineage(source: ReplicaSource, lineage: Lineage): void {
    if (this.#parts.options.accepts?.(lineage) !== false) return;
    throw new TanistError(
      'data-of-another-cluster',
      `${source.id} is of cluster ${lineage.clusterId}, epoch ${lineage.epoch}: it is not followed`,
    );
  }

  #follows(source: ReplicaSource): void {
    this.#source = source;
    this.#sourceChanges += 1;
    this.#moves.begun(this.#parts.options.clock.nowMs());
    this.#parts.options.nodeLog.info('replica-follows', { source: source.id });
    source.report(this.#parts.report());
  }

  /** False: something was found wrong, and is to be fetched anew. */
  async #mark(mark: StreamPart & { readonly kind: 'mark' }): Promise<boolean> {
    const { clock, membersChanged } = this.#parts.options;
    const { state, health } = this.#parts;
    const before = state.members;
    const wrong = await state.mark(mark);
    this.#marks += 1;
    this.#complaints.over();
    this.#choice.confirmed();
    this.#markedMs = clock.nowMs();
    this.#takenMs = this.#markedMs - (this.#begunMs ?? this.#markedMs);
    this.#begunMs = null;
    this.#words.marked();
    if (state.members !== before) membersChanged?.(state.members);
    for (const { range, reason } of wrong) health.damaged({ range, reason });
    if (wrong.length > 0) {
      // Which of the two is right is not for this one to say: another source, if there is one.
      if (this.#source !== null) this.#choice.failed(this.#source.id);
      return false;
    }
    if (health.isWhole()) this.#source?.report(this.#parts.report());
    return true;
  }

  async #contradicted(by: NodeId, reason: string): Promise<void> {
    if (!this.#choice.contradicts(by)) return;
    this.#parts.health.damaged({ range: null, reason });
    await this.#parts.state.discard(reason);
  }
}
