import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { TanistError } from '../../foundation/errors.ts';

/** Where machines of clouds ask for their own credentials: whoever writes a source is not to have them. */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

/** Fails as `origin-refused` where a host is, or its name leads to, a link-local address. What cannot be resolved is left to whoever connects. */
export async function checkReach(host: string): Promise<void> {
  // As URLs have it.
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const found = isIP(bare) === 0 ? await lookup(bare, { all: true }).catch(() => []) : [{ address: bare }];
  if (!found.some(({ address }) => linkLocal.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))) return;
  throw new TanistError(
    'origin-refused',
    'the origin is at a link-local address, where machines keep their credentials: this process does not ask there',
  );
}
