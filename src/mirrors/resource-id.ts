import { TanistError } from '../foundation/errors.ts';

export const sourceNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const keyBytes = 1024;

/** `SOURCE/KEY`: the key is the source's own name of the resource and may hold slashes. */
export interface ResourceId {
  readonly source: string;
  readonly key: string;
}

/** Fails as `invalid-argument`. */
export function resourceId(id: string): ResourceId {
  const slash = id.indexOf('/');
  const source = id.slice(0, Math.max(slash, 0));
  const key = id.slice(slash + 1);
  if (sourceNamePattern.test(source) && key !== '' && Buffer.byteLength(key) <= keyBytes)
    return { source, key };
  throw new TanistError(
    'invalid-argument',
    `"${id.slice(0, 80)}" is no resource: it must be SOURCE/KEY, the key at most ${keyBytes} bytes`,
  );
}
