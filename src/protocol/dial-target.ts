import { isIP } from 'node:net';

/**
 * An address `host:port` as gRPC's name of a target (grpc/doc/naming.md). One that is a number needs no resolver of names, which
 * every new connection would make, and a failover makes many of them.
 */
export function dialTarget(address: string): string {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  switch (isIP(host)) {
    case 4:
      return `ipv4:${address}`;
    case 6:
      return `ipv6:${address}`;
    default:
      return address;
  }
}
