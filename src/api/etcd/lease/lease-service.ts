import type { ServerDuplexStream } from '@grpc/grpc-js';
import { leaseId } from '../../../foundation/ids.ts';
import type { responseHeader } from '../../../protocol/etcd/messages/header.ts';
import { leaseMethods } from '../../../protocol/etcd/methods.ts';
import type { Message } from '../../../protocol/etcd/schema.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, unary } from '../handlers.ts';
import { RequiredLeader } from '../watch/required-leader.ts';
import { KeepAliveStream } from './keep-alive-stream.ts';
import { leasesByDeadline } from './leases-by-deadline.ts';
import { Renewals } from './renewals.ts';
import { secondsOf } from './seconds.ts';

/** etcd's. */
const mostSeconds = 9_000_000_000;

/** etcd's Lease service. */
export function leaseService(face: EtcdFace): ServiceHandlers {
  const renewals = new Renewals(face);
  const leader = new RequiredLeader(face.node);
  return {
    unary: new Map([
      unary(leaseMethods.leaseGrant, async ({ ID, TTL }) => {
        const { id, ttlMs } = await grant(face, ID, TTL);
        return { header: await headerAfter(face), ID: id, TTL: secondsOf(ttlMs) };
      }),
      unary(leaseMethods.leaseRevoke, async ({ ID }) => {
        await face.proposed({ kind: 'leaseRevoke', id: leaseId(ID) });
        return { header: await headerAfter(face) };
      }),
      unary(leaseMethods.leaseTimeToLive, async ({ ID, keys }) => {
        await face.linearized();
        const { node } = face;
        const lease = (await node.wholeState()).lease(leaseId(ID));
        if (lease === null) return { header: face.header(), ID, TTL: -1 };
        return {
          header: face.header(),
          ID,
          TTL: Math.floor(Math.max(0, node.leaseRemainingMs(lease.id) ?? 0) / 1000),
          grantedTTL: secondsOf(lease.ttlMs),
          keys: keys
            ? lease.keys
                .filter(({ space }) => space === 'user')
                .map(({ key }) => key)
                .sort()
            : [],
        };
      }),
      unary(leaseMethods.leaseLeases, async () => {
        await face.linearized();
        const ids = await leasesByDeadline(face.node.state);
        return { header: face.header(), leases: ids.map((ID) => ({ ID })) };
      }),
    ]),
    streams: new Map([
      [
        leaseMethods.leaseKeepAlive.path,
        (call: ServerDuplexStream<Buffer, Buffer>) => void new KeepAliveStream(face, renewals, leader, call),
      ],
    ]),
  };
}

/** `seconds`: less than the least is the least. Errors: etcd's "too large lease TTL", "lease already exists". */
export function grant(face: EtcdFace, id: bigint, seconds: number) {
  if (seconds > mostSeconds) throw etcdError('leaseTtlTooLarge');
  return face.proposed({ kind: 'leaseGrant', id: leaseId(id), ttlMs: Math.max(0, seconds) * 1000 });
}

/** Of a command whose result says no revision: on another node than the leader it may not be applied yet. */
async function headerAfter(face: EtcdFace): Promise<Message<typeof responseHeader>> {
  await new Promise<void>((done) => face.caughtUp(done));
  return face.header();
}
