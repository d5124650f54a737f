import { mutant } from '../../foundation/mutants.ts';
import type { AddressFacts } from '../../ports/dependency-registry.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';
import { isFresh } from '../http/freshness.ts';

export interface AddressRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** What of the headers chooses the answer. */
  readonly variant: string;
  /** Never asked about again once it is here. */
  readonly immutable: boolean;
  /** An older answer is asked about again; 0: any is, wherever it is. */
  readonly mostAgeMs: number;
  /** What is here counts for nothing, not even as what upstream may call unchanged. */
  readonly reload: boolean;
  readonly defaultTtlMs: number;
  readonly mostTtlMs: number;
  /** That there is none (404, 410) is believed for so long, here and by the others; 0: each such answer is passed on as it is. */
  readonly missingTtlMs: number;
  /** Whether other agents' word on what this address answers is believed. */
  readonly fromPeers: boolean;
}

/** An answer that was given before. */
export interface KnownAnswer {
  readonly meta: ObjectMeta;
  readonly facts: AddressFacts;
}

/** Whether an answer from before does, without asking again. `nowMs`: since 1970. */
export function doesFor(facts: AddressFacts, request: AddressRequest, nowMs: number): boolean {
  const { immutable, mostAgeMs, reload } = request;
  if (reload || mostAgeMs <= 0 || nowMs - facts.fetchedMs > mostAgeMs) return false;
  return immutable || mutant.active === 'dependency-stale-as-fresh' || isFresh(facts, nowMs);
}

/** What upstream is asked with: of an answer without a validator the whole is wanted. */
export function conditionsOf(known: KnownAnswer | null): Readonly<Record<string, string>> {
  if (known === null) return {};
  const { etag, lastModified } = known.facts;
  return {
    ...(etag === '' ? {} : { 'if-none-match': etag }),
    ...(lastModified === '' ? {} : { 'if-modified-since': lastModified }),
  };
}

/** A page in place of a file, as of a portal that wants a login first: never kept for ever as that file. */
export const isStrayPage = ({ contentType }: AddressFacts, { immutable, url }: AddressRequest): boolean =>
  immutable && /^text\/html\b/i.test(contentType) && !/\.html?$/i.test(url.pathname);
