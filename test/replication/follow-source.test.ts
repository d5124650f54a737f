import test from 'ava';
import { type ErrorCode, TanistError } from '../../src/foundation/errors.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import type { FollowRequest, ReplicaSource } from '../../src/ports/replication.ts';
import { followSource } from '../../src/replication/follow-source.ts';

function failing(code: ErrorCode): ReplicaSource {
  return {
    id: nodeId('n1'),
    // biome-ignore lint/correctness/useYield: it fails at once
    async *follow() {
      throw new TanistError(code, 'record d/0/4 is gone');
    },
    report: () => undefined,
  } as unknown as ReplicaSource;
}

async function codeOf(code: ErrorCode): Promise<string> {
  const parts = followSource(failing(code), {} as FollowRequest, new AbortController().signal);
  const error = await parts.next().then(
    () => null,
    (thrown: unknown) => thrown as TanistError,
  );
  return error?.code ?? 'none';
}

test('damage and a failing disk of the source are no failure of the replica; that it was removed is', async (t) => {
  t.is(await codeOf('data-damaged'), 'unavailable');
  t.is(await codeOf('storage-failed'), 'unavailable');
  t.is(await codeOf('member-removed'), 'member-removed');
  t.is(await codeOf('never-committed'), 'never-committed');
});
