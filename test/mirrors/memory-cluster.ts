import { setMaxListeners } from 'node:events';
import { TanistError } from '../../src/foundation/errors.ts';
import { clusterTimeMs, type LeaseId, logIndex, noSession, term } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { NodeStateClient } from '../../src/node/state-client.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Command } from '../../src/ports/command.ts';
import type { Space } from '../../src/ports/delta.ts';
import type { CommandResult } from '../../src/ports/result.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { validateCommand } from '../../src/state/checks/validate.ts';
import { completeRange, createStateMachine } from '../../src/state/state-machine.ts';
import { createWatchHub } from '../../src/state/watch-hub.ts';
import { MemoryImage } from '../state/memory-history.ts';

/** The real state machine and watch hub behind the node's own `StateClient`, without log, network and disk. */
export class MemoryCluster {
  readonly #state = createStateMachine({ limits });
  readonly #image = new MemoryImage(1000);
  readonly #hub = createWatchHub({
    source: this.#state,
    history: this.#state.history(this.#image.history),
    failed: (cause) => {
      throw cause;
    },
  });
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #closing = new AbortController();
  /** While false nothing is answered: as if no leader could be reached. */
  reachable = true;
  commands = 0;
  /** Commands are applied at once, and answered so much later. */
  answerMs = 0;
  /** So many of the next commands are applied, and nobody hears of it. */
  mute = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    // A watch each, of many processes.
    setMaxListeners(0, this.#closing.signal);
    this.#tick();
  }

  client(space: Space = 'planes'): StateClient {
    const { signal } = this.#closing;
    return new NodeStateClient(space, {
      clock: this.#clock,
      closing: signal,
      node: {
        read: (range, _, done) => {
          if (!this.reachable) return done(unreachable(), 0);
          const answer = this.#state.range(range);
          const answered =
            answer.kind === 'needsHistory'
              ? completeRange(answer, this.#state.history(this.#image.history))
              : answer;
          void Promise.resolve(answered).then((result) =>
            done(result.kind === 'failed' ? new TanistError(result.code, result.message) : result, 0),
          );
        },
        watch: (request, sink) => this.#hub.watch(request, sink),
      },
      propose: (command, done) => {
        if (!this.reachable) return done(unreachable());
        const invalid = validateCommand(command, limits);
        const result = invalid ?? this.#apply([command])[0];
        if (this.mute > 0) {
          this.mute--;
          return;
        }
        const answer = (): void => {
          if (result === undefined) done(unreachable());
          else done(result.kind === 'failed' ? new TanistError(result.code, result.message) : result);
        };
        if (this.answerMs > 0) this.#clock.after(this.answerMs, answer);
        else queueMicrotask(answer);
      },
      renew: (id: LeaseId, done) => {
        if (!this.reachable) return done(unreachable());
        const [result] = this.#apply([{ kind: 'leaseKeepAlive', ids: [id] }]);
        queueMicrotask(() => done(result?.kind === 'leaseKeepAlive' ? (result.ttlMs[0] ?? 0) : 0));
      },
    });
  }

  close(): void {
    this.#closing.abort();
  }

  #tick(): void {
    this.#clock.after(100, () => {
      if (this.#closing.signal.aborted) return;
      if (this.reachable) this.#apply([]);
      this.#tick();
    });
  }

  #apply(commands: readonly Command[]): readonly CommandResult[] {
    this.commands += commands.length;
    const point = { index: logIndex(this.#state.applied.index + 1), term: term(1) };
    const timeMs = clusterTimeMs(1_000_000 + Math.round(this.#clock.nowMs() - this.#startMs));
    const batches = [{ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands }];
    const results = this.#state.apply(point, { timeMs, batches })[0] ?? [];
    const deltas = this.#state.takeDeltas();
    this.#image.append(this.#state.takeImageBatch());
    this.#hub.publish(deltas);
    return results;
  }
}

function unreachable(): TanistError {
  return new TanistError('unavailable', 'no node can be reached');
}
