import { isIP } from 'node:net';
import { splitAddress } from '../foundation/address.ts';

/**
 * An address `host:port` as gRPC's name of a target (grpc/doc/naming.md). One that is a number needs no resolver of names, which
 * every new connection would make, and a failover makes many of them.
 */
export function dialTarget(address: string): string {
  switch (isIP(splitAddress(address).host)) {
    case 4:
      return `ipv4:${address}`;
    case 6:
      return `ipv6:${address}`;
    default:
      return address;
  }
}
