import { leaseId, nodeId, sessionId } from '../../foundation/ids.ts';
import type { Books } from './image-records.ts';

/** Keys of the records that the image is to hold of the books, as they are gone through: what changes meanwhile may be among them or not. */
export function* recordKeys({ leases, sessions, alarms, members }: Books): Generator<string> {
  for (const { kind, member } of alarms.list()) yield `alarm/${kind}/${member}`;
  for (const id of members.recorded()) yield `member/${id}`;
  for (const id of leases.ids()) yield `lease/${id}`;
  for (const session of sessions.all()) {
    yield `session/${session.id}`;
    for (const piece of session.storedRecords())
      if (session.resultsOfRecord(piece).some((result) => result !== undefined))
        yield `session/${session.id}/${piece}`;
  }
}

/** Whether the image is still to hold it. */
export function isRecord({ leases, sessions, alarms, members }: Books, key: string): boolean {
  const [kind = '', id = '', piece] = key.split('/');
  switch (kind) {
    case 'alarm':
      return alarms.list().some((on) => on.kind === id && on.member === piece);
    case 'member':
      return members.get(nodeId(id)) !== undefined || members.isRemoved(nodeId(id));
    case 'lease':
      return leases.has(leaseId(BigInt(id)));
    default: {
      const session = sessions.get(sessionId(Number(id)));
      if (session === undefined || piece === undefined) return session !== undefined;
      return session.resultsOfRecord(Number(piece)).some((result) => result !== undefined);
    }
  }
}
