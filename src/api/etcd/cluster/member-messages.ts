import type { MemberInfo } from '../../../ports/membership.ts';
import type { member } from '../../../protocol/etcd/messages/cluster.ts';
import type { Message } from '../../../protocol/etcd/schema.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

/** Members as etcd lists them, by id. A member without a name has not started yet. */
export function memberMessages(face: EtcdFace, members: readonly MemberInfo[]): Message<typeof member>[] {
  return members
    .map((info) => ({
      ID: face.memberIdOf(info.id),
      name: info.name,
      peerURLs: urlsOf(info.peer),
      clientURLs: urlsOf(info.client),
      isLearner: info.learner,
    }))
    .sort((a, b) => (a.ID < b.ID ? -1 : 1));
}

function urlsOf(addresses: string): string[] {
  return addresses === '' ? [] : addresses.split(',').map((address) => `http://${address}`);
}

/** host:port,… of the URLs, in order, each once. Fails with etcd's error for URLs that are none. */
export function addressesOf(urls: readonly string[]): string {
  const addresses = urls.map((url) => {
    const address = /^https?:\/\/((?:[^:\s/,@]+|\[[0-9a-fA-F:.]+\]):\d{1,5})$/.exec(url.trim())?.[1];
    if (address === undefined || Number(address.slice(address.lastIndexOf(':') + 1)) > 65_535)
      throw etcdError('memberBadUrls');
    return address;
  });
  if (addresses.length === 0) throw etcdError('memberBadUrls');
  return [...new Set(addresses)].sort().join(',');
}
