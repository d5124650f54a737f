import type { Command } from '../../../ports/command.ts';
import type { CommandResult, FailedResult } from '../../../ports/result.ts';
import type { Timed } from '../deadlines.ts';
import { type EtcdError, etcdError, toEtcdError } from '../etcd-error.ts';

/** What a command came to: never a failed result, that is an error. */
export type WriteOutcome = Exclude<CommandResult, FailedResult> | EtcdError;
export type WriteDone = (outcome: WriteOutcome) => void;

/** Commands that arrived together and travel as one batch. `dones[i]` hears what became of `commands[i]`, once. */
export class Flight implements Timed {
  readonly sinceMs: number;
  readonly #settled: (commands: number, bytes: number) => void;
  #commands: Command[] = [];
  #dones: WriteDone[] = [];
  #bytes = 0;
  #open = true;

  constructor(sinceMs: number, settled: (commands: number, bytes: number) => void) {
    this.sinceMs = sinceMs;
    this.#settled = settled;
  }

  get open(): boolean {
    return this.#open;
  }

  get commands(): readonly Command[] {
    return this.#commands;
  }

  /** About what it takes in the log. */
  get bytes(): number {
    return this.#bytes;
  }

  add(command: Command, done: WriteDone, bytes: number): void {
    this.#commands.push(command);
    this.#dones.push(done);
    this.#bytes += bytes;
  }

  settle(results: readonly CommandResult[]): void {
    const dones = this.#close();
    for (let i = 0; i < dones.length; i++) {
      const result = results[i];
      if (result === undefined) dones[i]?.(etcdError('timeoutDueToLeaderFail'));
      else dones[i]?.(result.kind === 'failed' ? toEtcdError(result) : result);
    }
  }

  fail(error: EtcdError): void {
    for (const done of this.#close()) done(error);
  }

  expire(): void {
    this.fail(etcdError('timeout'));
  }

  /** Nothing of it is kept, whoever still holds it. */
  #close(): readonly WriteDone[] {
    const dones = this.#dones;
    this.#open = false;
    this.#dones = [];
    this.#commands = [];
    if (dones.length > 0) this.#settled(dones.length, this.#bytes);
    return dones;
  }
}
