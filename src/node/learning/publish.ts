import { emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { noLease, noSession, revision } from '../../foundation/ids.ts';
import type { Command, PutCommand, TxnCommand } from '../../ports/command.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { Proposal, ProposalOutcome } from '../writes/proposals.ts';
import { modelKey, previousKey, storedBytes, type Version } from './model-record.ts';

export interface Publication {
  readonly next: Version;
  /** Becomes the version to go back to; null: that one stays as it is. */
  readonly previous: Version | null;
  /** Revision of the model's key that it follows on; 0: there is none. */
  readonly follows: number;
}

/**
 * Puts a version into the log, if the one that it follows on is still there. Errors: `superseded` (another version came first), `value-too-large`, and those of
 * writes.
 */
export function publish(
  { next, previous, follows }: Publication,
  valueBytes: number,
  submit: (proposal: Proposal) => void,
): Promise<void> {
  if (next.bytes.length > valueBytes)
    throw new TanistError(
      'value-too-large',
      `the model has ${next.bytes.length} bytes; limits.valueBytes allows ${valueBytes}`,
    );
  const command: TxnCommand = {
    kind: 'txn',
    space: 'system',
    compares: [{ key: modelKey, rangeEnd: emptyBytes, result: 'equal', target: 'mod', number: follows }],
    success: [put(modelKey, next), ...(previous === null ? [] : [put(previousKey, previous)])],
    failure: [],
  };
  return new Promise((resolve, reject) => {
    submit(
      proposalOf(command, (outcome) => {
        const error = errorOf(outcome);
        if (error === null) resolve();
        else reject(error);
      }),
    );
  });
}

/** Revisions of the space `system` that are kept; beyond twice as many the older ones are compacted. */
const kept = 64;

/** Every version is some 100 KB in the space's history: the old ones go, lest a year of learning fill the disk. Nobody waits for it. */
export function forgetOld(
  state: Pick<StateMachine, 'revision' | 'compacted'>,
  submit: (proposal: Proposal) => void,
): void {
  const target = state.revision('system') - kept;
  if (target - state.compacted('system') < kept) return;
  submit(proposalOf({ kind: 'compact', space: 'system', revision: revision(target) }, () => {}));
}

function proposalOf(command: Command, settle: (outcome: ProposalOutcome) => void): Proposal {
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
  return { bytes: encodeCommandBatch(batch), batch, early: null, settle };
}

function put(key: PutCommand['key'], version: Version): PutCommand {
  return {
    kind: 'put',
    space: 'system',
    key,
    value: storedBytes(version),
    lease: noLease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

function errorOf(outcome: ProposalOutcome): TanistError | null {
  if (outcome.kind === 'refused') {
    const { code, message, indeterminate } = outcome;
    return new TanistError(code, message, { indeterminate });
  }
  const [result] = outcome.results;
  if (result?.kind === 'failed') return new TanistError(result.code, result.message);
  if (result?.kind === 'txn' && result.succeeded) return null;
  return new TanistError('superseded', 'another version of the model was published first');
}
