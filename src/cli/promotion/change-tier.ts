import { TanistError } from '../../foundation/errors.ts';
import { nodeId } from '../../foundation/ids.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { CallContext } from '../command.ts';
import { showMembers } from '../commands/cluster/member-view.ts';
import { UsageError } from '../terminal/usage-error.ts';

const patienceMs = 10 * 60_000;
const askEveryMs = 250;
const leaderless: ReadonlySet<string> = new Set(['not-leader', 'no-leader', 'deadline-exceeded']);

/** Begins it and waits until the member votes, over changes of leader. */
export async function promoteAndWait(
  id: string,
  timeoutMs: number | undefined,
  { client, out, call, change }: CallContext,
): Promise<void> {
  await client.changeMember({ kind: 'tier', id: nodeId(id), to: 'hot' }, change).catch((error: unknown) => {
    throw withoutLeader(error, id);
  });
  const startMs = performance.now();
  for (;;) {
    const { clusterId, members } = await client.memberList(call).catch((error: unknown) => {
      // A new leader is being found.
      if (error instanceof TanistError && error.retryable) return { clusterId: '', members: [] };
      throw error;
    });
    const member = members.find((one) => one.id === id);
    const tookMs = Math.round(performance.now() - startMs);
    if (member?.voter === true) {
      out.progress.clear();
      showMembers(out, clusterId, members);
      return;
    }
    if (member !== undefined && member.wanted === undefined)
      throw new TanistError('cancelled', `the promotion of ${id} was given up by another change of it`);
    if (tookMs > (timeoutMs ?? patienceMs))
      throw new TanistError(
        'learner-not-ready',
        `${id} is not hot yet; it goes on, look at "tanist members"`,
      );
    out.progress.update(`${id}: ${stageOf(member)}, ${Math.round(tookMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

/** Nobody leads: then this may be what a forced promotion is for. */
function withoutLeader(error: unknown, id: string): unknown {
  if (!(error instanceof TanistError) || !leaderless.has(error.code)) return error;
  const hint = `where no quorum of hot replicas is left: tanist promote ${id} --force, at that replica`;
  return new TanistError(error.code, `${error.message}; ${hint}`, {
    cause: error,
    indeterminate: error.indeterminate,
  });
}

function stageOf(member: MemberInfo | undefined): string {
  if (member === undefined) return 'waiting for a leader';
  return member.learner ? 'learns what it has missed' : 'fetches the state';
}

export async function demote(id: string, to: string, { client, out, change }: CallContext): Promise<void> {
  if (to !== 'warm' && to !== 'cold') throw new UsageError(`--to: must be warm or cold, not "${to}"`);
  const { clusterId, members } = await client.changeMember({ kind: 'tier', id: nodeId(id), to }, change);
  showMembers(out, clusterId, members);
}
