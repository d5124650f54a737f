import type { LogEntry } from '../../ports/log-store.ts';
import { decodeBlock } from '../../protocol/session/block.ts';
import type { RecordedLease } from '../workload/recorder.ts';
import type { Findings } from './findings.ts';

/** Promise 9: cluster time moves at most this far a stamp. */
const maxStepMs = 2000;

/**
 * No leader stamps a block before the one that it follows in the log, nor further from it than the state moves: what a block says is what it brings every
 * replica to. And lateness in cluster time, from the log alone: a lease is gone with the first block whose time reaches its deadline. A renewal that appears twice
 * (sent again) counts twice here and once in the state, so what is found is certainly late.
 */
export class LeaseTimes {
  /** Cluster time of each block, ascending. */
  readonly #blocks: number[] = [];
  readonly #renewed = new Map<string, number[]>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Each entry once, in order. */
  applied(entry: LogEntry): void {
    if (entry.kind !== 'commands') return;
    const { timeMs, batches } = decodeBlock(entry.payload);
    const before = this.#blocks.at(-1);
    if (before !== undefined && (timeMs < before || timeMs > before + maxStepMs))
      this.#findings.report(
        'cluster-time',
        `the block at ${entry.index} of term ${entry.term} is stamped ${timeMs}, the one before it ${before}`,
      );
    const now = before === undefined ? timeMs : Math.max(before, Math.min(timeMs, before + maxStepMs));
    this.#blocks.push(now);
    for (const { commands } of batches) {
      for (const command of commands) {
        if (command.kind !== 'leaseKeepAlive') continue;
        for (const id of command.ids) this.#renewals(String(id)).push(now);
      }
    }
  }

  /** `goneMs`: cluster time at which its key was deleted, null if it never was; `putMs`: at which the key was put, later than the grant. */
  check(lease: RecordedLease, putMs: number, goneMs: number | null): void {
    const end = goneMs ?? Number.POSITIVE_INFINITY;
    const last = Math.max(putMs, ...this.#renewals(lease.lease).filter((timeMs) => timeMs < end));
    const deadlineMs = last + lease.ttlMs;
    const due = this.#blocks.find((timeMs) => timeMs >= deadlineMs);
    if (due === undefined || due >= end) return;
    this.#findings.report(
      'lease-late',
      `lease ${lease.lease} of ${lease.ttlMs} ms, last renewed before ${last}, was due at ${due} and gone at ${goneMs}`,
    );
  }

  #renewals(id: string): number[] {
    let list = this.#renewed.get(id);
    if (list === undefined) {
      list = [];
      this.#renewed.set(id, list);
    }
    return list;
  }
}
