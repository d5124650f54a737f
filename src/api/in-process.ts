import { TanistError } from '../foundation/errors.ts';
import type { LeaseId } from '../foundation/ids.ts';
import type { RenewalDone, TanistNode } from '../node/node.ts';
import { NodeStateClient, type Proposed } from '../node/state-client.ts';
import type { Command } from '../ports/command.ts';
import type { Space } from '../ports/delta.ts';
import type { StateClient } from '../ports/state-client.ts';
import { errorOfEtcd } from '../protocol/etcd/error-texts.ts';
import { EtcdError, etcdError } from './etcd/etcd-error.ts';
import type { EtcdFace } from './etcd/etcd-face.ts';
import { Renewals } from './etcd/lease/renewals.ts';
import { systemClock } from './system-clock.ts';

/** State clients inside this node. Commands travel with those of etcd's API: one batch a turn, forwarded where another node leads. */
export function inProcess(
  node: Pick<TanistNode, 'read' | 'watch'>,
  face: EtcdFace,
  closing: AbortSignal,
): (space: Space) => StateClient {
  const propose = (command: Command, done: (outcome: Proposed) => void): void =>
    face.propose(command, (outcome) => done(outcome instanceof EtcdError ? failureOf(outcome) : outcome));
  const renewals = new Renewals(face);
  const renew = (id: LeaseId, done: RenewalDone): void => renewals.renew(id, done);
  return (space) => new NodeStateClient(space, { node, clock: systemClock, propose, renew, closing });
}

const stopped = etcdError('stopped');

function failureOf({ code, details, failure }: EtcdError): TanistError {
  // Said of what never left this node; of what did, nothing is known.
  if (details === stopped.details && failure === null)
    return new TanistError('stopping', 'this node stops; ask another');
  if (failure === null) return errorOfEtcd(code, details, true);
  const { indeterminate } = failure;
  return new TanistError(failure.code, failure.message, indeterminate === undefined ? {} : { indeterminate });
}
