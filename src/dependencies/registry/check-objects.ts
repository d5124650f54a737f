import { TanistError } from '../../foundation/errors.ts';
import type { ContentKey, HeldObject } from '../../ports/dependency-registry.ts';
import { contentKey } from '../content-key.ts';

const mostKeys = 64;

/** What somebody registers, as it may be written. Fails as `invalid-argument`. */
export function checkObjects(objects: readonly HeldObject[]): readonly HeldObject[] {
  for (const { keys, sha256, size } of objects) {
    checkKeys(keys);
    contentKey('sha256', sha256);
    if (keys.length === 0 || keys.length > mostKeys)
      throw new TanistError('invalid-argument', `an object has 1 to ${mostKeys} keys, not ${keys.length}`);
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TanistError('invalid-argument', `${size} is no size of an object`);
  }
  return objects;
}

/** Fails as `invalid-argument`. */
export function checkKeys(keys: readonly ContentKey[]): readonly ContentKey[] {
  for (const { algorithm, digest } of keys) contentKey(algorithm, digest);
  return keys;
}
