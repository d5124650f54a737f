import type { RaftStatus } from '../../raft/raft.ts';
import type { Cluster } from '../cluster.ts';
import type { Machine } from '../machine.ts';
import type { Findings } from './findings.ts';

/**
 * Check-quorum (thesis §6.2): who has been cut off from every majority for long leads no more. Two election timeouts are allowed, as the
 * look is once an election timeout, and a machine that was frozen gets the time again.
 */
export class QuorumCheck {
  readonly #cluster: Cluster;
  readonly #findings: Findings;
  /** Since when a leader has been cut off. */
  readonly #cutOff = new Map<Machine, { readonly term: number; readonly sinceMs: number }>();

  constructor(cluster: Cluster, findings: Findings) {
    this.#cluster = cluster;
    this.#findings = findings;
  }

  look(machine: Machine, status: RaftStatus): void {
    const { scheduler, plan } = this.#cluster;
    if (status.role !== 'leader' || this.#reachesMajority(machine) || machine.life?.paused === true) {
      this.#cutOff.delete(machine);
      return;
    }
    const known = this.#cutOff.get(machine);
    if (known === undefined || known.term !== status.term) {
      this.#cutOff.set(machine, { term: status.term, sinceMs: scheduler.nowMs });
      return;
    }
    const cutOffMs = scheduler.nowMs - known.sinceMs;
    if (cutOffMs < plan.timing.electionMs * 3 + 500) return;
    this.#findings.report(
      'check-quorum',
      `${machine.id} still leads term ${status.term}, cut off from every majority for ${cutOffMs.toFixed(0)} ms`,
    );
  }

  #reachesMajority(machine: Machine): boolean {
    const { machines, network } = this.#cluster;
    let reached = 0;
    for (const other of machines) {
      const open = !network.blocked(other.id, machine.id) && !network.blocked(machine.id, other.id);
      if (other === machine || (open && other.node !== null && other.life?.paused === false)) reached++;
    }
    return reached * 2 > machines.length;
  }
}
