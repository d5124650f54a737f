import { textOf } from '../../foundation/bytes.ts';
import { defaultRequestLimits } from '../../foundation/limits.ts';
import { decodeMemberChange } from '../../node/membership/member-change.ts';
import type { AlarmCommand, Block, Command, SealedPrediction } from '../../ports/command.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import { decodeBlock } from '../../protocol/session/block.ts';
import { decodeConfiguration } from '../../raft/configuration.ts';
import { createStateMachine, type StateMachine } from '../../state/state-machine.ts';
import { PredictedModel, type ProposedPrediction } from '../../verification/guarantees/predicted.ts';
import type { Machine } from '../machine.ts';
import type { Findings } from './findings.ts';

const trueSpaces = ['user', 'planes', 'system'] as const;

/** After an entry: what is true, by a state that nobody predicts for, and what is predicted, by the model. */
interface Expected {
  readonly truth: string;
  readonly predicted: string;
}

/**
 * Promise 5: the log without what is predicted makes the same `user`, `planes` and `system`, their revisions and digests; and exactly those predictions
 * are held that were made from their keys' present revisions and are not past their last moment.
 */
export class PredictionChecks {
  readonly #findings: Findings;
  readonly #mayDiffer: (machine: Machine) => boolean;
  readonly #model = new PredictedModel();
  readonly #expected = new Map<number, Expected>();
  readonly #looked = new Map<string, number>();
  readonly #plain: StateMachine;

  /** `mayDiffer`: a fault made the machine's state another one, and it has not been rebuilt since. */
  constructor(findings: Findings, mayDiffer: (machine: Machine) => boolean) {
    this.#findings = findings;
    this.#mayDiffer = mayDiffer;
    this.#plain = createStateMachine({ limits: defaultRequestLimits });
  }

  /** Some machine is about to apply a committed entry. */
  applying(entry: LogEntry): void {
    const { index, term, kind, payload } = entry;
    if (index !== this.#plain.applied.index + 1) return;
    const proposed: ProposedPrediction[] = [];
    if (kind === 'commands') {
      const block = decodeBlock(payload);
      proposed.push(...this.#proposed(block));
      this.#plain.apply({ index, term }, withoutPredictions(block));
    } else if (kind === 'configuration')
      this.#plain.applyEmpty({ index, term }, decodeConfiguration(payload), decodeMemberChange(payload));
    else this.#plain.applyEmpty({ index, term });
    for (const { space, op, key, revision } of this.#plain.takeDeltas())
      this.#model.changed(space, key, op === 'put' ? revision : null);
    this.#plain.takeImageBatch();
    this.#model.applied(this.#plain.timeMs, proposed);
    this.#expected.set(index, { truth: truthOf(this.#plain), predicted: this.#model.live().join('; ') });
  }

  /** While replicas are in doubt nothing that changes content is applied. */
  #proposed({ batches }: Block): readonly ProposedPrediction[] {
    const proposed: ProposedPrediction[] = [];
    const inDoubt = new Set(
      this.#plain.alarms().flatMap(({ kind, member }) => (kind === 'corrupt' ? [member] : [])),
    );
    for (const { commands } of batches)
      for (const command of commands)
        if (command.kind === 'alarm' && command.alarm === 'corrupt') alarm(inDoubt, command);
        else if (command.kind === 'predict' && inDoubt.size === 0)
          proposed.push(...command.predictions.map(proposedOf));
    return proposed;
  }

  step(machine: Machine): void {
    const { node } = machine;
    if (node === null) return;
    const { index } = node.state.applied;
    if (this.#looked.get(machine.id) === index) return;
    const inspection = node.inspect();
    if (inspection.restoring || inspection.applying || inspection.doubt !== null) return;
    if (this.#mayDiffer(machine)) return;
    this.#looked.set(machine.id, index);
    const expected = this.#expected.get(index);
    if (expected === undefined) return;
    const truth = truthOf(node.state);
    if (truth !== expected.truth)
      this.#findings.report(
        'predicted-apart',
        `at ${index} ${machine.id} has ${truth}; without what is predicted it is ${expected.truth}`,
      );
    const predicted = [...node.state.predictions()]
      .map((one) => proposedOf(one).text)
      .sort()
      .join('; ');
    if (predicted !== expected.predicted || node.state.keyCount('predicted') !== node.state.predictionCount)
      this.#findings.report(
        'predicted-live',
        `at ${index} ${machine.id} holds predictions [${predicted}], it should be [${expected.predicted}]`,
      );
  }

  /** Its process ended: what the next one makes of its disk is looked at anew. */
  ended(machine: Machine): void {
    this.#looked.delete(machine.id);
  }
}

function truthOf(state: StateMachine): string {
  return trueSpaces.map((space) => `${space} ${state.revision(space)} ${state.digest(space)}`).join('; ');
}

/** Ids are made of positions in the block, so something that does nothing stands in their places. */
function withoutPredictions({ timeMs, batches }: Block): Block {
  const nothing: Command = { kind: 'keepSessions', ids: [] };
  return {
    timeMs,
    batches: batches.map(({ commands, ...batch }) => ({
      ...batch,
      commands: commands.map((command) => (command.kind === 'predict' ? nothing : command)),
    })),
  };
}

function proposedOf({ space, key, madeFrom, validUntilMs, content }: SealedPrediction): ProposedPrediction {
  const what = Buffer.from(content, 'latin1').toString('base64');
  const text = `${space}/${textOf(key)}@${madeFrom} until ${validUntilMs} ${what}`;
  return { space, key, madeFrom, validUntilMs, text };
}

function alarm(inDoubt: Set<string>, { action, member }: AlarmCommand): void {
  if (action === 'activate') inDoubt.add(member);
  else if (member === '') inDoubt.clear();
  else inDoubt.delete(member);
}
