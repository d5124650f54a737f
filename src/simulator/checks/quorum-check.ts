import type { NodeId } from '../../foundation/ids.ts';
import type { Configuration } from '../../ports/log-store.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Machine } from '../machine.ts';
import type { Network } from '../world/network.ts';
import type { Findings } from './findings.ts';

interface CutOff {
  readonly term: number;
  /** Of its process, until then: nobody looks at it while it stands still. */
  readonly pauses: number;
  readonly sinceMs: number;
}

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
  readonly #cutOff = new Map<Machine, CutOff>();

  constructor(machines: readonly Machine[], network: Network, electionMs: number, findings: Findings) {
    this.#machines = machines;
    this.#network = network;
    this.#electionMs = electionMs;
    this.#findings = findings;
  }

  look(machine: Machine, status: RaftStatus): void {
    const { nowMs } = this.#network.scheduler;
    if (
      status.role !== 'leader' ||
      this.#reachesMajorities(machine, status.configuration) ||
      machine.life?.paused === true
    ) {
      this.#cutOff.delete(machine);
      return;
    }
    const known = this.#cutOff.get(machine);
    const pauses = machine.life?.pauses ?? 0;
    if (known === undefined || known.term !== status.term || known.pauses !== pauses) {
      this.#cutOff.set(machine, { term: status.term, pauses, sinceMs: nowMs });
      return;
    }
    const cutOffMs = nowMs - known.sinceMs;
    if (cutOffMs < this.#electionMs * 3 + 500) return;
    this.#findings.report(
      'check-quorum',
      `${machine.id} still leads term ${status.term}, cut off from every majority for ${cutOffMs.toFixed(0)} ms`,
    );
  }

  #reachesMajorities(machine: Machine, { voters, outgoing }: Configuration): boolean {
    const reaches = (id: NodeId): boolean => this.#reaches(machine, id);
    return [voters, outgoing].every((set) => set.length === 0 || set.filter(reaches).length * 2 > set.length);
  }

  #reaches(machine: Machine, id: NodeId): boolean {
    if (id === machine.id) return true;
    const network = this.#network;
    const other = this.#machines.find((one) => one.id === id);
    const open = !network.blocked(id, machine.id) && !network.blocked(machine.id, id);
    return open && other !== undefined && other.node !== null && other.life?.paused === false;
  }
}
