import type { NodeId } from '../../foundation/ids.ts';
import type { SelfReport } from '../peers/self-report.ts';

/** Whether the start of that member counts for who said this. Who speaks another version, and says nothing of it, is taken to trust everyone. */
export function trustedBy(
  said: Pick<SelfReport, 'trusted'> | null,
  id: NodeId,
  incarnation: string | null,
): boolean {
  if (said === null || incarnation === null) return false;
  const { trusted = null } = said;
  return trusted === null || trusted.some(([member, start]) => member === id && start === incarnation);
}
