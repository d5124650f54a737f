import { type EtcdMethod, leaseMethods } from '../../../../src/protocol/etcd/methods.ts';
import type { Answer } from './raw-client.ts';

/** As text, without what must differ between two clusters: their ids and terms, and how much of a lease is left. */
export function comparable(method: EtcdMethod, answer: Answer): string {
  if (answer.kind === 'error') return `error ${answer.code} ${answer.details}`;
  const message = structuredClone(answer.message) as {
    header: { cluster_id: bigint; member_id: bigint; raft_term: number } | null;
    TTL?: number;
    keys?: string[];
    leases?: { ID: bigint }[];
  };
  if (message.header !== null) {
    message.header.cluster_id = 0n;
    message.header.member_id = 0n;
    message.header.raft_term = 0;
  }
  if (method.path === leaseMethods.leaseTimeToLive.path) {
    message.TTL = Math.min(message.TTL ?? 0, 1);
    message.keys?.sort();
  }
  message.leases?.sort((a, b) => (a.ID < b.ID ? -1 : 1));
  return text(message);
}

export function text(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
