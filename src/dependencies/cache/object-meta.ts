import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import { isContentKey, keyText, sha256Key } from '../content-key.ts';
import { addressFacts } from '../registry/rows.ts';

/** What is kept beside an object's bytes, as a file of its own: an object without it is none. */
export interface ObjectMeta {
  readonly sha256: string;
  readonly size: number;
  /** All that it is found by, sha256 first. */
  readonly keys: readonly ContentKey[];
  /** What addresses among the keys answered, by their digest. */
  readonly answers: Readonly<Record<string, AddressFacts>>;
}

export function encodeMeta({ sha256, size, keys, answers }: ObjectMeta): string {
  return JSON.stringify({ sha256, size, keys: keys.map(keyText), answers });
}

/** Null: damaged, or not of this object. */
export function decodeMeta(text: string, sha256: string): ObjectMeta | null {
  try {
    const row: unknown = JSON.parse(text);
    if (typeof row !== 'object' || row === null) return null;
    const { sha256: named, size, keys, answers } = row as Readonly<Record<string, unknown>>;
    if (named !== sha256 || typeof size !== 'number' || !Array.isArray(keys)) return null;
    const parsed = keys.flatMap((key): ContentKey[] => {
      const [algorithm = '', digest = ''] = String(key).split('-');
      return isContentKey(algorithm, digest) && algorithm !== 'sha256' ? [{ algorithm, digest }] : [];
    });
    const known: Record<string, AddressFacts> = {};
    for (const [digest, facts] of Object.entries(answers ?? {})) {
      const answer = addressFacts(facts);
      if (answer !== null) known[digest] = answer;
    }
    return { sha256, size, keys: [sha256Key(sha256), ...parsed], answers: known };
  } catch {
    return null;
  }
}
