import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RangeRequest, TxnCommand } from '../../ports/command.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { FailedResult, RangeResult, TxnResult } from '../../ports/result.ts';
import { completeRange, type StateMachine } from '../../state/state-machine.ts';
import { TurnQueue } from '../loop/turn-queue.ts';
import { completeTxn } from './deferred-ranges.ts';
import { ScanRoom } from './scan-room.ts';

/** Scans that a compaction overtook, until the caller is told. */
const attempts = 5;
/** What a scan holds that only counts: a page. */
const countBytes = 1024 * 1024;
const nobodyIs = (): boolean => false;

/** Reads ranges: small ones of the latest values at once, large ones in pieces over several turns, older ones from history, too. */
export class RangeReader {
  readonly #state: StateMachine;
  readonly #history: HistoryStore;
  readonly #turns: TurnQueue;
  readonly #mayRead: () => boolean;
  readonly #room = new ScanRoom(limits.scansBytes, limits.scans);

  constructor(state: StateMachine, history: HistoryStore, clock: Clock, mayRead: () => boolean) {
    this.#mayRead = mayRead;
    this.#state = state;
    this.#history = history;
    this.#turns = new TurnQueue(clock, mayRead);
  }

  /**
   * The answer is as of the moment of the call, or of the end of the entry that is being applied. `isGone`: nobody waits for it any more, so a scan is not
   * gone on with. Errors: `overloaded`, `cancelled` of such a scan, those of history.
   */
  read(
    request: RangeRequest,
    isGone = nobodyIs,
  ): RangeResult | FailedResult | Promise<RangeResult | FailedResult> {
    if (!this.#mayRead()) return this.#turns.next().then(() => this.read(request, isGone));
    if (this.#state.isLarge(request)) return this.#scan(request, isGone);
    const answer = this.#state.range(request);
    return answer.kind === 'needsHistory' ? completeRange(answer, this.#history) : answer;
  }

  /** The same of a transaction that writes nothing; null: it is to be applied. What it reads at older revisions is read after it. */
  async txn(txn: TxnCommand, isGone = nobodyIs): Promise<TxnResult | FailedResult | null> {
    if (!this.#mayRead()) await this.#turns.next();
    const result = this.#state.readTxn(txn);
    if (result?.kind !== 'txn') return result;
    return completeTxn(result, async (request) => this.read(request, isGone));
  }

  #scan(request: RangeRequest, isGone: () => boolean): Promise<RangeResult | FailedResult> {
    return this.#room.within(request.countOnly ? countBytes : limits.rangeBytes, () =>
      this.#attempt(request, isGone),
    );
  }

  async #attempt(request: RangeRequest, isGone: () => boolean): Promise<RangeResult | FailedResult> {
    const checkWanted = (): void => {
      if (isGone()) throw new TanistError('cancelled', 'nobody waits for the read any more');
    };
    for (let attempt = 0; attempt < attempts; attempt++) {
      // It may have waited in line.
      checkWanted();
      if (!this.#mayRead()) await this.#turns.next();
      const result = await this.#state.scan(request, {
        history: this.#history,
        nextTurn: () => this.#turns.next().then(checkWanted),
        mostBytes: limits.rangeBytes,
      });
      if (result !== null) return result;
    }
    throw new TanistError('overloaded', 'compactions overtook the read again and again; read less at once');
  }
}
