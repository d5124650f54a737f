import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Consistency, PredictedRead, RangeRequest, TxnCommand } from '../../ports/command.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type {
  CommandResult,
  FailedResult,
  PredictedRangeResult,
  RangeResult,
  TxnResult,
} from '../../ports/result.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { WatchHandle, WatchHub, WatchRequest, WatchSink } from '../../state/watch-hub.ts';
import type { Standing } from '../integrity/standing.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import { type Life, stops, takingOver } from '../refusals.ts';
import { completeResults } from './deferred-ranges.ts';
import { type Ready, refusalOfPredicted, tooManyToPredict, withPredictions } from './predicted-reads.ts';
import type { RangeReader } from './range-reader.ts';
import type { PendingRead, ReadQueue, ReadRefusal } from './reads.ts';

export type ReadOutcome = RangeResult | PredictedRangeResult | TanistError;
/** Null: to be applied, as one that writes. */
export type TxnReadOutcome = TxnResult | TanistError | null;

/** Beyond it reads are refused. */
const mostWaiting = 65_536;

type Done = (outcome: ReadOutcome, ageMs: number) => void;

export interface ReadPathParts {
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly state: StateMachine;
  readonly nodeLog: NodeLog;
  readonly life: Life;
  readonly standing: Standing;
  readonly reads: ReadQueue;
  readonly ranges: RangeReader;
  readonly hub: WatchHub;
  /** What this replica holds ready, for predicted reads. */
  readonly ready: () => Ready;
  /** Since this replica last heard a leader; 0 on the leader. */
  readonly silentMs: () => number;
  readonly imageDamaged: (what: string) => void;
  readonly wake: () => void;
}

/** From a request to its answer: refused, queued until it may be served, read, and given only if the state is still the one it was read of. */
export class ReadPath {
  readonly #parts: ReadPathParts;

  constructor(parts: ReadPathParts) {
    this.#parts = parts;
  }

  /**
   * `ageMs`: of a read that is this replica's own, since it last heard a leader. A predicted one is answered with a `PredictedRangeResult`. `isGone`: whether
   * whoever asked waits no longer; such a read is let go where it waits, and `done` may never be called. Errors: `no-leader`, `overloaded`, `stopping`,
   * `starting`, `under-doubt`; `unavailable` where it was confirmed and this replica did not catch up within `limits.readBehindMs`; those of the range.
   */
  read(request: RangeRequest, consistency: Consistency, done: Done, isGone?: () => boolean): void {
    const predicted = typeof consistency === 'string' ? null : consistency;
    const isLinearizable = consistency === 'linearizable';
    const refuse = (why: TanistError): void => done(why, 0);
    const problem = predicted === null ? null : refusalOfPredicted(request, predicted);
    if (!this.#mayWait(isLinearizable, problem, refuse)) return;
    const serve = (): void =>
      this.#serve(request, predicted, isLinearizable ? 0 : this.#parts.silentMs(), done, isGone);
    this.#await(isLinearizable, this.#pending(serve, refuse, isGone));
  }

  /**
   * A transaction that writes nothing, of one moment: what it reads and compares is the same state. Errors: those of `read`, and those that it has when it
   * is applied.
   */
  readTxn(
    txn: TxnCommand,
    consistency: 'linearizable' | 'serializable',
    done: (outcome: TxnReadOutcome) => void,
    isGone?: () => boolean,
  ): void {
    const isLinearizable = consistency === 'linearizable';
    if (!this.#mayWait(isLinearizable, null, done)) return;
    const serve = (): void => this.#serveTxn(txn, done, isGone);
    this.#await(isLinearizable, this.#pending(serve, done, isGone));
  }

  #mayWait(
    isLinearizable: boolean,
    problem: TanistError | null,
    refuse: (why: TanistError) => void,
  ): boolean {
    const { life, standing, reads } = this.#parts;
    // What any replica may answer does not wait behind what needs a leader.
    const waiting = isLinearizable ? reads.waiting : reads.due;
    const why = life.isStopped
      ? stops()
      : (problem ?? standing.notServing() ?? (waiting >= mostWaiting ? tooManyWait() : null));
    if (why !== null) refuse(why);
    return why === null;
  }

  #pending(
    serve: () => void,
    refuse: (why: TanistError) => void,
    isGone: (() => boolean) | undefined,
  ): PendingRead {
    const { life } = this.#parts;
    return { serve, refuse: (why) => refuse(life.isStopped ? stops() : this.#refusal(why)), isGone };
  }

  #await(isLinearizable: boolean, read: PendingRead): void {
    const { reads, wake } = this.#parts;
    if (!isLinearizable) {
      reads.addConfirmed(read);
      return;
    }
    reads.add(read);
    wake();
  }

  #refusal(why: ReadRefusal): TanistError {
    if (why === 'not-confirmed')
      return new TanistError('no-leader', 'no leader confirmed the read; try again');
    return (
      this.#parts.standing.notServing() ??
      new TanistError('unavailable', 'this node is too far behind to answer the read; ask another')
    );
  }

  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    const { clock, standing, hub } = this.#parts;
    const problem = standing.notServing();
    if (problem === null || problem.code === 'starting') return hub.watch(request, sink);
    let ended = false;
    clock.soon(() => {
      if (!ended) sink.ended({ kind: 'failed', code: problem.code, message: problem.message });
      ended = true;
    });
    return {
      cancel: () => {
        ended = true;
      },
      resume: () => {},
      requestProgress: () => {},
    };
  }

  /**
   * Fills in what transactions read at older revisions. Never fails as a whole: where something cannot be read, or a snapshot replaced history
   * meanwhile, that transaction's result alone is `indeterminate` and says that it was applied.
   */
  complete(results: readonly CommandResult[]): Promise<readonly CommandResult[]> {
    const { life, standing, ranges } = this.#parts;
    const { replaced } = standing;
    return completeResults(results, async (request) => {
      if (life.isStopped) throw stops();
      if (standing.isRestoring) throw takingOver();
      try {
        const range = await ranges.read(request);
        if (replaced === standing.replaced) return range;
      } catch (error) {
        if (replaced === standing.replaced) throw this.#failure(error);
      }
      throw standing.overtaken();
    });
  }

  #serve(
    request: RangeRequest,
    predicted: PredictedRead | null,
    ageMs: number,
    done: Done,
    isGone: (() => boolean) | undefined,
  ): void {
    const { standing, ranges } = this.#parts;
    const problem = standing.notServing();
    if (problem !== null) {
      done(problem, ageMs);
      return;
    }
    if (predicted !== null && this.#parts.state.isLarge(request)) {
      done(tooManyToPredict(), ageMs);
      return;
    }
    const told = (answer: RangeResult | FailedResult): void => {
      if (answer.kind === 'failed') done(new TanistError(answer.code, answer.message), ageMs);
      else done(predicted === null ? answer : this.#predicted(request, answer, predicted), ageMs);
    };
    const answer = ranges.read(request, isGone);
    if (!(answer instanceof Promise)) {
      told(answer);
      return;
    }
    const { replaced } = standing;
    answer.then(
      (completed) => (replaced === standing.replaced ? told(completed) : done(standing.overtaken(), ageMs)),
      (error: unknown) => done(this.#unread(replaced, error), ageMs),
    );
  }

  #serveTxn(
    txn: TxnCommand,
    done: (outcome: TxnReadOutcome) => void,
    isGone: (() => boolean) | undefined,
  ): void {
    const { standing, ranges } = this.#parts;
    const problem = standing.notServing();
    if (problem !== null) {
      done(problem);
      return;
    }
    const { replaced } = standing;
    ranges.txn(txn, isGone).then(
      (result) => {
        if (replaced !== standing.replaced) done(standing.overtaken());
        else done(result?.kind === 'failed' ? new TanistError(result.code, result.message) : result);
      },
      (error: unknown) => done(this.#unread(replaced, error)),
    );
  }

  /** The state is whole: it was read in this turn, or by a scan that has just taken a turn of its own. */
  #predicted(request: RangeRequest, answer: RangeResult, predicted: PredictedRead): ReadOutcome {
    const { state, clusterClock } = this.#parts;
    // What a quiet cluster has not put into its log yet counts, too.
    const nowMs = clusterClock.knowsTime ? Math.max(state.timeMs, clusterClock.now()) : state.timeMs;
    return withPredictions(state, answer, request.space, predicted, nowMs, this.#parts.ready());
  }

  #unread(replaced: number, error: unknown): TanistError {
    const { standing, imageDamaged } = this.#parts;
    if (error instanceof TanistError && error.code === 'data-damaged') imageDamaged(error.message);
    return replaced !== standing.replaced ? standing.overtaken() : this.#failure(error);
  }

  #failure(error: unknown): TanistError {
    if (error instanceof TanistError && isOfTheRequest(error)) return error;
    this.#parts.nodeLog.error('read-failed', { error: String(error) });
    return new TanistError('unavailable', 'history could not be read on this node; ask another');
  }
}

/** Not of this node's history. */
function isOfTheRequest({ code }: TanistError): boolean {
  return (
    code === 'overloaded' ||
    code === 'cancelled' ||
    code === 'revision-compacted' ||
    code === 'range-too-large'
  );
}

function tooManyWait(): TanistError {
  return new TanistError('overloaded', 'too many reads are waiting to be served; try again');
}
