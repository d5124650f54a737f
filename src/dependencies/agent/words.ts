import { TanistError } from '../../foundation/errors.ts';
import {
  type ContentKey,
  type HeldObject,
  nothing,
  type SandboxFacts,
} from '../../ports/dependency-registry.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';

/** What is no better a moment later. */
export const finalCodes: ReadonlySet<string> = new Set([
  'sandbox-exists',
  'invalid-argument',
  'config-invalid',
  'not-tanist',
]);

export function taken({ id, address }: SandboxFacts): TanistError {
  return new TanistError(
    'sandbox-exists',
    `an agent at ${address} is ${id} already, with a copy of this cache; choose another --id, or stop that one`,
  );
}

/** Under which an object is looked for: its sha256, the strongest that metadata lists, and addresses. */
export function registeredKeys({ keys }: ObjectMeta): readonly ContentKey[] {
  const strong = keys.some(({ algorithm }) => algorithm === 'sha512');
  return keys.filter(({ algorithm }) => algorithm !== 'sha1' || !strong);
}

/** That an address answered that there is nothing, as it is registered. */
export function missingObject(key: ContentKey, fetchedMs: number, forMs: number): HeldObject {
  const validators = { etag: '', lastModified: '', contentType: '', contentEncoding: '' };
  const answer = { fetchedMs, freshUntilMs: fetchedMs + forMs, ...validators };
  return { keys: [key], sha256: nothing, size: 0, answer };
}
