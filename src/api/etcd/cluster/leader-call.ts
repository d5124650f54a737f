import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { isErrorCode, TanistError } from '../../../foundation/errors.ts';
import type { MemberInfo, MemberRequest } from '../../../ports/membership.ts';
import { dialTarget } from '../../../protocol/dial-target.ts';
import { decodeMembersReply, encodeChangeMember } from '../../../protocol/operations/membership.ts';
import { tanistService } from '../../../protocol/services.ts';
import { leaderAddressOf } from '../../../protocol/status/routing.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

/** etcd's time for a request. */
const patienceMs = 7000;
const retryMs = 20;

/** A change of members, on the leader wherever it is; waits for one. Rejects with an error of ours or of etcd's. */
export async function changeMemberOnLeader(
  face: EtcdFace,
  request: MemberRequest,
): Promise<readonly MemberInfo[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await onLeader(face, request, untilMs - performance.now());
    } catch (error) {
      const elsewhere =
        error instanceof TanistError &&
        !error.indeterminate &&
        (error.code === 'not-leader' || error.code === 'no-leader');
      if (!elsewhere || performance.now() + retryMs > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

async function onLeader(
  { node }: EtcdFace,
  request: MemberRequest,
  leftMs: number,
): Promise<readonly MemberInfo[]> {
  const { leader, members } = node.routing();
  if (leader === node.id) return node.changeMember(request);
  const address = leaderAddressOf({ leader, members });
  if (address === null) throw new TanistError('no-leader', 'no leader is known');
  const client = new Client(dialTarget(address), credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
  const { path, requestSerialize, responseDeserialize } = tanistService.changeMember;
  const deadline = new Date(Date.now() + Math.max(1, leftMs));
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        encodeChangeMember(request),
        { deadline },
        (error, reply) => {
          if (error !== null) reject(failureOf(error));
          else resolve(decodeMembersReply(reply ?? Buffer.alloc(0)).members);
        },
      );
    });
  } finally {
    client.close();
  }
}

function failureOf(error: ServiceError): Error {
  const code = String(error.metadata?.get('tanist-code')[0] ?? '');
  if (isErrorCode(code)) {
    const indeterminate = (error.metadata?.get('tanist-indeterminate').length ?? 0) > 0;
    return new TanistError(code, error.details, indeterminate ? { indeterminate } : undefined);
  }
  if (error.code === status.UNAVAILABLE && /ECONNREFUSED|No connection established/.test(error.details))
    return new TanistError('no-leader', error.details);
  return etcdError(error.code === status.DEADLINE_EXCEEDED ? 'timeout' : 'timeoutDueToLeaderFail');
}
