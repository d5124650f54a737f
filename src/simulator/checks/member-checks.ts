import type { NodeId } from '../../foundation/ids.ts';
import { decodeMemberChange } from '../../node/membership/member-change.ts';
import type { Configuration, LogEntry } from '../../ports/log-store.ts';
import { decodeConfiguration, isMember, isVoter, votersOf } from '../../raft/configuration.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Machine } from '../machine.ts';
import type { Findings } from './findings.ts';

/**
 * How members change. One step at a time (Raft §6, thesis §4.1): a leader appends a configuration when it has committed the one before, and
 * it differs from that by one voter at most, or is joint with it. Who was removed never comes back. A learner is promoted in sync only.
 */
export class MemberChecks {
  readonly #findings: Findings;
  /** Every promotion is asked of the node, which refuses one that is not in sync. */
  readonly #promotionsChecked: boolean;
  readonly #removed = new Set<NodeId>();
  /** The last configuration entry that a leader sent in its own term. */
  readonly #sent = new Map<NodeId, { readonly term: number; readonly index: number }>();
  readonly #led = new Map<NodeId, { readonly term: number; readonly configuration: Configuration }>();
  #applied = { index: 0, configuration: null as Configuration | null };

  constructor(findings: Findings, promotionsChecked: boolean) {
    this.#findings = findings;
    this.#promotionsChecked = promotionsChecked;
  }

  sent(message: RaftMessage): void {
    if (message.type !== 'append') return;
    for (const { kind, index, term } of message.entries) {
      if (kind !== 'configuration' || term !== message.term) continue;
      const known = this.#sent.get(message.from);
      const before = known?.term === term ? known.index : 0;
      if (before >= index) continue;
      this.#sent.set(message.from, { term, index });
      if (before > message.commit)
        this.#findings.report(
          'one-change-at-a-time',
          `${message.from} appended a configuration at ${index} while that at ${before} was not committed`,
        );
    }
  }

  /** Some machine is about to apply a committed entry. */
  applying({ kind, index, payload }: LogEntry): void {
    if (kind !== 'configuration' || index <= this.#applied.index) return;
    const before = this.#applied.configuration;
    const configuration = decodeConfiguration(payload);
    this.#applied = { index, configuration };
    if (before !== null && !isOneStep(before, configuration))
      this.#findings.report(
        'one-voter-at-a-time',
        `at ${index}: voters ${votersOf(before)} became ${configuration.voters}, outgoing ${configuration.outgoing}`,
      );
    const change = decodeMemberChange(payload);
    const back = [...this.#removed].find(
      (id) => isMember(configuration, id) || (change?.set.some((facts) => facts.id === id) ?? false),
    );
    if (back !== undefined)
      this.#findings.report('removed-for-good', `at ${index}: ${back} is a member again, after its removal`);
    for (const id of change?.removed ?? []) this.#removed.add(id);
  }

  /** Right after a machine ran. */
  look({ id }: Machine, { role, term, configuration, progress }: RaftStatus): void {
    if (role !== 'leader' || !this.#promotionsChecked) return;
    const known = this.#led.get(id);
    if (known?.configuration === configuration) return;
    this.#led.set(id, { term, configuration });
    if (known?.term !== term) return;
    for (const voter of votersOf(configuration)) {
      if (voter === id || isVoter(known.configuration, voter)) continue;
      if (!known.configuration.learners.includes(voter)) continue;
      const reached = progress.get(voter);
      if (reached === undefined || reached.state !== 'replicate')
        this.#findings.report(
          'promoted-in-sync',
          `${id} made ${voter} a voter, which it reaches as ${reached?.state ?? 'nobody'}, with entry ${reached?.match ?? 0}`,
        );
    }
  }
}

function isOneStep(before: Configuration, after: Configuration): boolean {
  const same = (left: readonly NodeId[], right: readonly NodeId[]): boolean =>
    left.length === right.length && left.every((id) => right.includes(id));
  if (before.outgoing.length > 0) return after.outgoing.length === 0 && same(before.voters, after.voters);
  if (after.outgoing.length > 0) return same(after.outgoing, before.voters);
  const added = after.voters.filter((id) => !before.voters.includes(id)).length;
  const gone = before.voters.filter((id) => !after.voters.includes(id)).length;
  return added + gone <= 1;
}
