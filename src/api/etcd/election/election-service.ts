import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { ByteString } from '../../../foundation/bytes.ts';
import { leaseId } from '../../../foundation/ids.ts';
import type { PutCommand } from '../../../ports/command.ts';
import type { leaderKey } from '../../../protocol/etcd/messages/election.ts';
import { electionMethods } from '../../../protocol/etcd/methods.ts';
import type { Message } from '../../../protocol/etcd/schema.ts';
import type { WatchShares } from '../../streams/watch-shares.ts';
import { EtcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, signalOf } from '../handlers.ts';
import { find, firstCreated } from '../lock/reading.ts';
import { sessionLease } from '../lock/session-lease.ts';
import { deletion, ifCreatedAt, type Place, prefixOf, standInLine } from '../lock/waiting-line.ts';
import { withoutCode } from '../lock/without-code.ts';
import { RequiredLeader } from '../watch/required-leader.ts';
import { etcdKeyValue } from './etcd-key-value.ts';
import { observe } from './observe.ts';

/** Other errors of etcd's elections have no code of their own. */
const notLeader = (): Error => new EtcdError(status.UNKNOWN, 'election: not leader');
const noLeader = (): Error => new EtcdError(status.UNKNOWN, 'election: no leader');

/** etcd's Election service. A campaign that is cancelled leaves no key behind. */
export function electionService(face: EtcdFace, shares: WatchShares): ServiceHandlers {
  const required = new RequiredLeader(face.node);
  return {
    unary: new Map([
      withoutCode(electionMethods.campaign, async ({ name, lease, value }, caller) => {
        const place = await standInLine(face, {
          name,
          lease,
          value,
          signal: signalOf(caller),
          expired: notLeader,
          taken: async (own) => {
            if (own.value !== value) await proclaim(face, leaderKeyOf(name, own), value);
          },
        });
        return { header: face.header(place.taken), leader: leaderKeyOf(name, place) };
      }),
      withoutCode(electionMethods.proclaim, async ({ leader, value }) => ({
        header: face.header(await proclaim(face, given(leader), value)),
      })),
      withoutCode(electionMethods.leader, async ({ name }) => {
        const { revision, value } = await find(face, firstCreated(prefixOf(name)));
        if (value === null) throw noLeader();
        return { header: face.header(revision), kv: etcdKeyValue(value) };
      }),
      withoutCode(electionMethods.resign, async ({ leader }) => {
        const { key, rev } = given(leader);
        const { revision } = await ifCreatedAt(face, key, rev, [deletion(key)]);
        return { header: face.header(revision) };
      }),
    ]),
    streams: new Map([
      [
        electionMethods.observe.path,
        (call: ServerWritableStream<Buffer, Buffer>) => observe(face, required, shares.of(call), call),
      ],
    ]),
  };
}

function leaderKeyOf(name: ByteString, { key, createRevision, lease }: Place): Message<typeof leaderKey> {
  return { name, key, rev: createRevision, lease };
}

async function proclaim(face: EtcdFace, leader: Message<typeof leaderKey>, value: ByteString) {
  const { key, rev } = leader;
  const { lease } = await sessionLease(face, leaseId(leader.lease));
  const put: PutCommand = {
    kind: 'put',
    space: 'user',
    key,
    value,
    lease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  const { succeeded, revision } = await ifCreatedAt(face, key, rev, [put]);
  if (!succeeded) throw notLeader();
  return revision;
}

function given(leader: Message<typeof leaderKey> | null): Message<typeof leaderKey> {
  if (leader === null) throw new EtcdError(status.UNKNOWN, '"leader" field must be provided');
  return leader;
}
