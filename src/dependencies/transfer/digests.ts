import { createHash, type Hash } from 'node:crypto';
import type { ContentAlgorithm, ContentKey } from '../../ports/dependency-registry.ts';

type DigestAlgorithm = Exclude<ContentAlgorithm, 'url'>;

/** Several digests of one sequence of bytes, sha256 always among them. */
export class Digests {
  readonly #hashes = new Map<DigestAlgorithm, Hash>();
  bytes = 0;

  /** The algorithms of these keys, too; addresses say nothing about bytes. */
  constructor(keys: readonly ContentKey[]) {
    this.#hashes.set('sha256', createHash('sha256'));
    for (const { algorithm } of keys)
      if (algorithm !== 'url' && !this.#hashes.has(algorithm))
        this.#hashes.set(algorithm, createHash(algorithm));
  }

  update(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  /** The end: no more is taken. */
  finish(): readonly ContentKey[] {
    return [...this.#hashes].map(([algorithm, hash]) => ({ algorithm, digest: hash.digest('hex') }));
  }
}

/** Whether the bytes with these digests are what all of the wanted keys name. */
export function areAll(found: readonly ContentKey[], wanted: readonly ContentKey[]): boolean {
  return wanted.every(
    ({ algorithm, digest }) =>
      algorithm === 'url' || found.some((key) => key.algorithm === algorithm && key.digest === digest),
  );
}
