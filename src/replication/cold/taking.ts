import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { spaces } from '../../ports/delta.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { NodeEventFields } from '../../ports/node-log.ts';
import type {
  LinkMeasurement,
  Mark,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../ports/replication.ts';
import { Complaints } from '../complaints.ts';
import { followSource } from '../follow-source.ts';
import { SourceChoice } from '../source-choice.ts';
import { stops } from '../stops.ts';
import type { ColdReplicaOptions, ColdReplicaPorts } from './cold-options.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface TakingParts {
  readonly options: Pick<ColdReplicaOptions, 'id' | 'start'>;
  readonly ports: ColdReplicaPorts;
  /** The replica stops. */
  readonly stopped: AbortSignal;
  /** What the replica says of itself. */
  readonly report: () => ReplicaReport;
  /** What goes on being wrong is said once. */
  readonly warn: (event: 'snapshot-failed', error: Error) => void;
}

/** How long a stream may say nothing: its source may have to look at many keys that have not changed. */
const silentMs = 30_000;
/** A source that failed is not the first choice for so long. */
const grudgeMs = 5000;

/** Takes snapshots, one at a time, each from the best source there is. */
export class Taking {
  readonly #parts: TakingParts;
  readonly #choice: SourceChoice;
  readonly #complaints: Complaints;
  /** Whom it follows, between two snapshots too: what it says of itself goes there. */
  #source: ReplicaSource | null = null;
  #stream: AbortController | null = null;
  /** Of the attempt under way. */
  #attempt: AbortController | null = null;
  #taken = 0;
  #sourceChanges = 0;
  #quarantined = 0;
  #lastError: Error | null = null;
  /** When what is held was last known to be all there is, by the host's calendar. */
  #freshAtMs: number;
  /** The last that the source said of how far it, and its leader, are. */
  #mark: Mark | null = null;

  constructor(parts: TakingParts) {
    this.#parts = parts;
    const { clock, directory, nodeLog, store, links } = parts.ports;
    this.#choice = new SourceChoice(clock, directory, grudgeMs, links);
    this.#complaints = new Complaints(nodeLog);
    this.#freshAtMs = store.newest?.takenAtMs ?? 0;
  }

  get source(): ReplicaSource | null {
    return this.#source;
  }

  get links(): readonly LinkMeasurement[] {
    return this.#choice.links;
  }

  get counts(): { readonly taken: number; readonly quarantined: number; readonly sourceChanges: number } {
    return { taken: this.#taken, quarantined: this.#quarantined, sourceChanges: this.#sourceChanges };
  }

  /** Behind the leader, as far as the sources have told. */
  get lagRevisions(): number {
    const { newest } = this.#parts.ports.store;
    if (newest === null) return 0;
    const told = this.#mark?.leaderRevisions.user ?? 0;
    return Math.max(0, Math.max(newest.leaderRevisions.user, told) - newest.revisions.user);
  }

  /** Why the last one failed; null: it did not. */
  get lastError(): Error | null {
    return this.#lastError;
  }

  get ageMs(): number {
    return this.#freshAtMs === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.#parts.ports.clock.wallMs() - this.#freshAtMs);
  }

  /** The source hears that nobody listens any more; what is being taken ends with the part at hand (`cancelled`), and nobody is blamed for it. */
  abort(): void {
    this.#attempt?.abort();
    this.#stream?.abort();
  }

  /** The new one, or null: nothing has changed. */
  async take(): Promise<SnapshotRecord | null> {
    const { options, ports, report, warn } = this.#parts;
    const { store, clock, nodeLog, membersChanged, tidied, feed } = ports;
    const stream = new AbortController();
    this.#attempt = stream;
    let source: ReplicaSource | null = null;
    let parts: AsyncIterator<StreamPart> | null = null;
    try {
      source = await this.#choose();
      if (stream.signal.aborted) throw this.#interrupted();
      this.#stream?.abort();
      this.#stream = stream;
      if (this.#source !== source) this.#sourceChanges++;
      this.#source = source;
      const held = store.held();
      const beganAtMs = clock.wallMs();
      const { id, start } = options;
      const own = start === undefined ? {} : { start };
      const request = { replica: id, ...own, mode: 'latest', held: held ?? store.seen() } as const;
      parts = followSource(source, request, stream.signal)[Symbol.asyncIterator]();
      const coming = this.#untilMark(parts, stream);
      // Asked for first: where the disk refuses at once, the source would not hear why.
      const first = await coming.next();
      const snapshot = await store.receive(held, beginningWith(first, coming));
      const { id: from } = source;
      // Refused after all, perhaps: two processes of one id are told apart only after a while.
      void this.#hear(parts, stream).catch((error: unknown) => {
        if (this.#complaints.refused(from, error)) this.#lastError = asError(error);
      });
      this.#freshAtMs = Math.max(this.#freshAtMs, this.#levelAtMs(beganAtMs));
      this.#lastError = null;
      this.#taken++;
      this.#complaints.over();
      this.#choice.confirmed();
      source.report(report());
      if (snapshot !== null) {
        clock.soon(tidied);
        nodeLog.info('snapshot-taken', describe(snapshot, source.id));
        membersChanged(snapshot.members);
        await feed?.taken(held !== null && !sameLineage(held.lineage, snapshot.lineage));
      }
      return snapshot;
    } catch (thrown) {
      stream.abort();
      // Nobody takes what is left of it: the source would wait for that.
      void parts?.return?.().catch(() => undefined);
      const error = asError(thrown);
      if (error instanceof TanistError && error.code === 'cancelled') throw error;
      this.#lastError = error;
      if (source !== null) this.#choice.failed(source.id);
      const isTold = source !== null && this.#complaints.refused(source.id, error);
      if (isFinal(error)) ports.broken(error);
      if (source !== null && error instanceof TanistError && error.code === 'never-committed')
        await this.#contradicted(source.id, error.message);
      if (!isTold) warn('snapshot-failed', error);
      throw error;
    } finally {
      if (this.#attempt === stream) this.#attempt = null;
    }
  }

  /** Now, or, of a source that is itself behind its leader, not after the newest that it had. */
  #levelAtMs(nowMs: number): number {
    const mark = this.#mark;
    if (mark === null) return nowMs;
    const isBehind = spaces.some((space) => mark.leaderRevisions[space] > mark.revisions[space]);
    return isBehind ? Math.min(nowMs, mark.timeMs) : nowMs;
  }

  /** Between two snapshots. */
  async #hear(parts: AsyncIterator<StreamPart>, stream: AbortController): Promise<void> {
    for (;;) {
      const next = await parts.next();
      if (next.done === true || stream !== this.#stream) return;
      if (next.value.kind === 'mark') this.#mark = next.value;
    }
  }

  async #contradicted(by: NodeId, reason: string): Promise<void> {
    if (!this.#choice.contradicts(by)) return;
    const { store, nodeLog } = this.#parts.ports;
    this.#quarantined++;
    nodeLog.error('replica-damaged', { range: 'the newest snapshot', reason });
    await store.dropNewest(reason);
  }

  async #choose(): Promise<ReplicaSource> {
    const best = await this.#choice.best();
    if (best === null) throw new TanistError('unavailable', 'no hot replica is there to follow');
    return best.source;
  }

  /** To the end of the snapshot, and not of the stream. A source that says nothing for long is given up; so is every one when this replica stops. */
  async *#untilMark(parts: AsyncIterator<StreamPart>, stream: AbortController): AsyncGenerator<StreamPart> {
    const { clock } = this.#parts.ports;
    for (;;) {
      if (stream.signal.aborted) throw this.#interrupted();
      const next = await new Promise<IteratorResult<StreamPart>>((resolve, reject) => {
        const timer = clock.after(silentMs, () => {
          reject(new TanistError('unavailable', `the source said nothing for ${silentMs} ms`));
          stream.abort();
        });
        const interrupt = (): void => reject(this.#interrupted());
        stream.signal.addEventListener('abort', interrupt, { once: true });
        parts
          .next()
          .then(resolve, reject)
          .finally(() => {
            timer.cancel();
            stream.signal.removeEventListener('abort', interrupt);
          });
      });
      if (stream.signal.aborted) throw this.#interrupted();
      if (next.done === true) return;
      this.#accept(next.value);
      yield next.value;
    }
  }

  #interrupted(): TanistError {
    if (this.#parts.stopped.aborted) return stops();
    return new TanistError('cancelled', 'no snapshot is taken at present: what is held stands still');
  }

  #accept(part: StreamPart): void {
    const { feed, accepts } = this.#parts.ports;
    if (part.kind === 'ranges') feed?.begun();
    if (part.kind === 'past') feed?.past(part.deltas);
    if (part.kind === 'mark') this.#mark = part;
    if (part.kind !== 'ranges') return;
    if (accepts?.(part.lineage) === false)
      throw new TanistError(
        'data-of-another-cluster',
        `the source is of ${part.lineage.clusterId}, epoch ${part.lineage.epoch}, which this replica does not follow`,
      );
    // An attempt that fails at once (a full disk) ends its stream before the next report is due, so its trouble would never be heard of.
    this.#source?.report(this.#parts.report());
  }
}

async function* beginningWith(
  first: IteratorResult<StreamPart>,
  rest: AsyncGenerator<StreamPart>,
): AsyncGenerator<StreamPart> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

function describe(snapshot: SnapshotRecord, source: NodeId): NodeEventFields {
  const { number, revisions, rows, bytes, from } = snapshot;
  return { number, revision: revisions.user, rows, bytes, base: from === null, source };
}

function isFinal(error: Error): error is TanistError {
  return error instanceof TanistError && (error.code === 'storage-failed' || error.code === 'member-removed');
}
