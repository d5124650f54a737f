import { status } from '@grpc/grpc-js';
import { emptyBytes } from '../../../foundation/bytes.ts';
import { lockMethods } from '../../../protocol/etcd/methods.ts';
import { EtcdError, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, signalOf } from '../handlers.ts';
import { deletion, standInLine } from './waiting-line.ts';
import { withoutCode } from './without-code.ts';

/** etcd's Lock service. A call that is cancelled leaves no key behind. */
export function lockService(face: EtcdFace): ServiceHandlers {
  return {
    unary: new Map([
      withoutCode(lockMethods.lock, async ({ name, lease }, caller) => {
        const expired = (): Error => new EtcdError(status.UNKNOWN, 'mutex: session is expired');
        const signal = signalOf(caller);
        const place = await standInLine(face, { name, lease, value: emptyBytes, signal, expired });
        return { header: face.header(place.reached), key: place.key };
      }),
      withoutCode(lockMethods.unlock, async ({ key }) => {
        if (key.length === 0) throw etcdError('keyNotProvided');
        const { revision } = await face.proposed(deletion(key));
        return { header: face.header(revision) };
      }),
    ]),
    streams: new Map(),
  };
}
