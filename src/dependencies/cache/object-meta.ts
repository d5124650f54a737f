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
  /** When it was downloaded ahead, ms since 1970; absent: it was asked for. */
  readonly aheadMs?: number;
}

export function encodeMeta({ sha256, size, keys, answers, aheadMs }: ObjectMeta): string {
  return JSON.stringify({ sha256, size, keys: keys.map(keyText), answers, aheadMs });
}

/** With further names, and what addresses among them answered; those asked about last come last. The same one where nothing is new. */
export function withNames(
  meta: ObjectMeta,
  named: readonly ContentKey[],
  answers: Readonly<Record<string, AddressFacts>>,
): ObjectMeta {
  const known = new Set(meta.keys.map(keyText));
  const news = named.filter((key) => !known.has(keyText(key)));
  const hasAnswers = Object.keys(answers).length > 0;
  if (news.length === 0 && !hasAnswers) return meta;
  const again = new Set(hasAnswers ? named.map(keyText) : []);
  const before = meta.keys.filter((key) => !again.has(keyText(key)));
  const after = [...meta.keys, ...news].filter((key) => again.has(keyText(key)));
  return {
    ...meta,
    keys: [...before, ...(hasAnswers ? after : news)],
    answers: { ...meta.answers, ...answers },
  };
}

/** Without these addresses. */
export function withoutAddresses(meta: ObjectMeta, gone: readonly ContentKey[]): ObjectMeta {
  const texts = new Set(gone.map(keyText));
  const digests = new Set(gone.map(({ digest }) => digest));
  return {
    ...meta,
    keys: meta.keys.filter((key) => !texts.has(keyText(key))),
    answers: Object.fromEntries(Object.entries(meta.answers).filter(([digest]) => !digests.has(digest))),
  };
}

/** Null: damaged, or not of this object. */
export function decodeMeta(text: string, sha256: string): ObjectMeta | null {
  try {
    const row: unknown = JSON.parse(text);
    if (typeof row !== 'object' || row === null) return null;
    const { sha256: named, size, keys, answers, aheadMs } = row as Readonly<Record<string, unknown>>;
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
    const ahead = typeof aheadMs === 'number' ? { aheadMs } : {};
    return { sha256, size, keys: [sha256Key(sha256), ...parsed], answers: known, ...ahead };
  } catch {
    return null;
  }
}

/** The oldest of the addresses that answered with it, where they are more than `most`. */
export function addressesBeyond({ keys }: ObjectMeta, most: number): readonly ContentKey[] {
  const addresses = keys.filter(({ algorithm }) => algorithm === 'url');
  return addresses.slice(0, Math.max(0, addresses.length - most));
}
