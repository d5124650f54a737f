import type { RaftStatus } from '../../raft/raft.ts';
import type { Machine } from '../machine.ts';
import type { Network } from '../world/network.ts';
import type { Findings } from './findings.ts';

/**
 * Check-quorum (thesis §6.2): who has been cut off from every majority for long leads no more. Two election timeouts are allowed, as the
 * look is once an election timeout, and a machine that was frozen gets the time again.
 */
export class QuorumCheck {
  readonly #machines: readonly Machine[];
  readonly #network: Network;
  readonly #electionMs: number;
  readonly #findings: Findings;
  /** Since when a leader has been cut off. */
  readonly #cutOff = new Map<Machine, { readonly term: number; readonly sinceMs: number }>();

  constructor(machines: readonly Machine[], network: Network, electionMs: number, findings: Findings) {
    this.#machines = machines;
    this.#network = network;
    this.#electionMs = electionMs;
    this.#findings = findings;
  }

  look(machine: Machine, status: RaftStatus): void {
    const { nowMs } = this.#network.scheduler;
    if (status.role !== 'leader' || this.#reachesMajority(machine) || machine.life?.paused === true) {
      this.#cutOff.delete(machine);
      return;
    }
    const known = this.#cutOff.get(machine);
    if (known === undefined || known.term !== status.term) {
      this.#cutOff.set(machine, { term: status.term, sinceMs: nowMs });
      return;
    }
    const cutOffMs = nowMs - known.sinceMs;
    if (cutOffMs < this.#electionMs * 3 + 500) return;
    this.#findings.report(
      'check-quorum',
      `${machine.id} still leads term ${status.term}, cut off from every majority for ${cutOffMs.toFixed(0)} ms`,
    );
  }

  #reachesMajority(machine: Machine): boolean {
    const network = this.#network;
    let reached = 0;
    for (const other of this.#machines) {
      const open = !network.blocked(other.id, machine.id) && !network.blocked(machine.id, other.id);
      if (other === machine || (open && other.node !== null && other.life?.paused === false)) reached++;
    }
    return reached * 2 > this.#machines.length;
  }
}
