import { byteStringOfText } from '../../foundation/bytes.ts';
import { type NodeId, noLease, noSession } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { TanistNode } from '../../node/node.ts';
import type { Block } from '../../ports/command.ts';
import { spaces } from '../../ports/delta.ts';
import type { NodeEvent, NodeEventFields } from '../../ports/node-log.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Machine } from '../machine.ts';
import type { Trace } from '../world/trace.ts';
import type { Findings } from './findings.ts';

/**
 * Promise 6 as faults and the wire show it. Faults make the state of a minority of machines differ, in a space that callers don't read, as
 * what was answered before it is noticed can't be taken back.
 */
export class IntegrityChecks {
  readonly #findings: Findings;
  readonly #machines: () => readonly Machine[];
  readonly #trace: Trace;
  readonly #random: Random;
  /** A change that nobody else's state takes goes into this one with the next block. */
  readonly #due = new Set<Machine>();
  /** Whose state may differ from what the log makes of it. */
  readonly #differs = new Set<Machine>();
  readonly #differed = new Set<Machine>();
  /** Whose last image was one of a state that differed. */
  readonly #tainted = new Set<Machine>();

  constructor(findings: Findings, machines: () => readonly Machine[], trace: Trace, random: Random) {
    this.#findings = findings;
    this.#machines = machines;
    this.#trace = trace;
    this.#random = random;
  }

  diverge(machine: Machine): void {
    if (machine.running) this.#due.add(machine);
  }

  /** Its disk is one of before: of when it differed, perhaps. */
  oldDisk(machine: Machine): void {
    if (this.#differed.has(machine)) this.#differs.add(machine);
  }

  /** Some machine's state was made to differ: who followed it may hold revisions that never were. */
  get hasDiverged(): boolean {
    return this.#differed.size > 0;
  }

  mayDiffer(machine: Machine): boolean {
    return this.#differs.has(machine);
  }

  /** Its state may be another one than the log's, and it does not know. */
  isWrong(id: NodeId): boolean {
    const machine = this.#machines().find((other) => other.id === id);
    return machine !== undefined && this.#differs.has(machine) && machine.node?.doubt === null;
  }

  spoil(machine: Machine, block: Block): Block {
    // What is on its way in after a rebuild would count as rebuilt.
    if (machine.node?.doubt !== null || !this.#due.delete(machine)) return block;
    this.#differs.add(machine);
    this.#differed.add(machine);
    this.#trace.event(machine.id, 'state diverges');
    const key = byteStringOfText(`flaw ${this.#random.below(4)}`);
    const value = byteStringOfText(`${this.#random.below(1 << 20)}`);
    const put = { kind: 'put', space: 'planes', key, value, lease: noLease, previous: false } as const;
    const command = { ...put, ignoreValue: false, ignoreLease: false };
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
    return { ...block, batches: [...block.batches, batch] };
  }

  logged(machine: Machine, event: NodeEvent, fields: NodeEventFields): void {
    switch (event) {
      case 'quarantined':
        if (String(fields.reason).includes('differs') && !this.#differs.has(machine))
          this.#findings.report('false-quarantine', `${machine.id}: ${fields.reason}`);
        break;
      case 'rebuilt':
        if (fields.part === 'image' && !this.#tainted.has(machine)) this.#differs.delete(machine);
        break;
      case 'image-refused':
        // What a replica holds is what hot ones have, where none of them was ever made to differ.
        if (!this.hasDiverged) this.#findings.report('held-values', `${machine.id}: ${fields.error}`);
        break;
      case 'snapshot-received':
      case 'image-fetched': {
        // What differs is handed on, while nobody has noticed: to a follower, or to who is promoted.
        const from = this.#machines().find(({ id }) => id === fields.from);
        this.#tainted.delete(machine);
        if (from === undefined || !this.#differs.has(from)) break;
        this.#tainted.add(machine);
        this.#differs.add(machine);
        break;
      }
      default:
    }
  }

  sent(message: RaftMessage, node: TanistNode): void {
    const { doubt, logDoubt } = node.inspect();
    const { type, from } = message;
    if (doubt !== null && (type === 'preVote' || type === 'vote' || type === 'heartbeat'))
      this.#findings.report('quarantined-campaigns', `${from} sends ${type}, although ${doubt}`);
    const grants = (type === 'voteReply' || type === 'preVoteReply') && message.granted;
    if (logDoubt !== null && (grants || type === 'vote' || type === 'preVote'))
      this.#findings.report('doubted-votes', `${from} sends ${type}, although ${logDoubt}`);
  }

  /** What keeps the replicas from being whole and equal; null: nothing. */
  left(machines: readonly Machine[]): string | null {
    const digests = new Map<string, string>();
    for (const { id, node } of machines) {
      const found = node?.inspect();
      if (found === undefined) return `${id} is down`;
      if (found.doubt !== null) return `${id} in quarantine: ${found.doubt}`;
      if (found.logDoubt !== null) return `${id} doubts its log: ${found.logDoubt}`;
      const doubted = machines.find((machine) => found.doubtedPeers.has(machine.id));
      if (doubted !== undefined) return `${id} doubts ${doubted.id}`;
      if (found.alarms.length > 0) return `alarms of ${found.alarms.map(({ member }) => member).join(', ')}`;
      digests.set(spaces.map((space) => found.spaces[space].digest).join(' '), id);
    }
    return digests.size > 1
      ? `digests differ: ${[...digests].map(([digest, id]) => `${id} ${digest}`).join('; ')}`
      : null;
  }
}
