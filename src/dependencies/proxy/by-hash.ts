import type { ContentKey } from '../../ports/dependency-registry.ts';
import { isContentKey } from '../content-key.ts';

/** What an address of a Debian archive says itself about its bytes: `…/by-hash/SHA256/0a1b…` (Acquire-By-Hash); null: nothing. */
export function digestIn({ pathname }: URL): ContentKey | null {
  const [, name = '', digest = ''] = /\/by-hash\/(SHA\d+)\/([0-9a-f]+)$/.exec(pathname) ?? [];
  const algorithm = name.toLowerCase();
  return isContentKey(algorithm, digest) ? { algorithm, digest } : null;
}
