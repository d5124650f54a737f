import { createHash } from 'node:crypto';
import { TanistError } from '../foundation/errors.ts';
import type { ContentAlgorithm, ContentKey } from '../ports/dependency-registry.ts';
import { contentAlgorithms } from '../ports/dependency-registry.ts';

const hexDigits: Readonly<Record<ContentAlgorithm, number>> = { sha512: 128, sha256: 64, sha1: 40, url: 64 };

export function isContentKey(algorithm: string, digest: string): algorithm is ContentAlgorithm {
  const length = (hexDigits as Readonly<Record<string, number | undefined>>)[algorithm];
  return length !== undefined && digest.length === length && /^[0-9a-f]+$/.test(digest);
}

/** Fails as `invalid-argument`. */
export function contentKey(algorithm: string, digest: string): ContentKey {
  if (isContentKey(algorithm, digest)) return { algorithm, digest };
  throw new TanistError(
    'invalid-argument',
    `${JSON.stringify(`${algorithm}-${digest}`.replace(/^-/, '').slice(0, 160))} is no content key: it takes ${contentAlgorithms.join(', ')} and lower-case hexadecimal digits`,
  );
}

/** `sha256-0a1b…` */
export const keyText = ({ algorithm, digest }: ContentKey): string => `${algorithm}-${digest}`;

/** What `keyText` wrote; a bare digest is told by its length. Fails as `invalid-argument`. */
export function parseKeyText(text: string): ContentKey {
  const [, algorithm, digest] = /^([a-z0-9]+)-([0-9a-f]+)$/.exec(text) ?? [];
  if (algorithm !== undefined && digest !== undefined) return contentKey(algorithm, digest);
  const byLength = contentAlgorithms.find((name) => name !== 'url' && hexDigits[name] === text.length);
  return contentKey(byLength ?? '', text);
}

export const sha256Key = (sha256: string): ContentKey => ({ algorithm: 'sha256', digest: sha256 });

/** `variant`: what else chooses the answer, such as the type that was asked for. */
export function urlKey(address: string, variant = ''): ContentKey {
  return { algorithm: 'url', digest: createHash('sha256').update(`${variant}\n${address}`).digest('hex') };
}

/**
 * The keys in an SRI string such as npm's `dist.integrity` (W3C Subresource Integrity), strongest first; what is not understood is left out. Of several
 * digests of one algorithm any may be met, so none of that algorithm counts.
 */
export function keysOfIntegrity(integrity: string): readonly ContentKey[] {
  const found: ContentKey[] = [];
  for (const part of integrity.trim().split(/\s+/)) {
    const [, algorithm = '', base64 = ''] = /^(sha\d+)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(part) ?? [];
    const digest = Buffer.from(base64, 'base64').toString('hex');
    if (isContentKey(algorithm, digest)) found.push({ algorithm, digest });
  }
  return contentAlgorithms.flatMap((name) => {
    const ofIt = found.filter(({ algorithm }) => algorithm === name);
    return ofIt.length === 1 ? ofIt : [];
  });
}
