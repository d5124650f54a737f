import { TanistError } from '../foundation/errors.ts';
import type { MemberRequest } from '../ports/membership.ts';
import type { Machine } from './machine.ts';
import type { Trace } from './world/trace.ts';

/** As an operator asks the leader; a refusal is told in the trace. `answered`: either way, unless the machine ends before. */
export function askMemberChange(
  trace: Trace,
  leader: Machine,
  request: MemberRequest,
  answered: () => void,
): void {
  trace.event('CHANGE', request.kind, () => `${JSON.stringify(request)} asked of ${leader.id}`);
  const refused = (error: unknown): void => {
    if (!(error instanceof TanistError)) throw error;
    trace.event('CHANGE', 'refused', () => `${error.code}: ${error.message}`);
  };
  leader.life?.enter(() => {
    leader.node?.changeMember(request).catch(refused).finally(answered);
  });
}
