import type { IncomingHttpHeaders } from 'node:http';
import type { AddressFacts } from '../../ports/dependency-registry.ts';

export interface Caching {
  /** False: it is this request's alone. */
  readonly mayStore: boolean;
  readonly facts: AddressFacts;
}

/** What may be kept whatever else decides the answer: the types that were asked for are part of its name. */
const harmlessVary = new Set(['accept', 'accept-encoding', 'origin', 'user-agent']);

/**
 * What the head of an answer says of its keeping (RFC 9111), with a time-to-live of `defaultTtlMs` where it says nothing, and never one above `mostTtlMs`.
 * `no-cache` and `must-revalidate` are kept and asked about each time.
 */
export function cachingOf(
  headers: IncomingHttpHeaders,
  nowMs: number,
  { defaultTtlMs, mostTtlMs }: { readonly defaultTtlMs: number; readonly mostTtlMs: number },
): Caching {
  const directives = directivesOf(headers);
  const vary = (headers.vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  const seconds = Number(directives.get('s-maxage') ?? directives.get('max-age') ?? Number.NaN);
  const ageMs = 1000 * Math.max(0, Number(headers.age ?? 0) || 0);
  const ttlMs = directives.has('no-cache')
    ? 0
    : Math.max(0, Math.min(mostTtlMs, Number.isFinite(seconds) ? 1000 * seconds - ageMs : defaultTtlMs));
  const text = (value: string | undefined): string => (value ?? '').slice(0, 1024);
  return {
    mayStore:
      !directives.has('no-store') &&
      !directives.has('private') &&
      vary.every((name) => name === '' || harmlessVary.has(name)),
    facts: {
      fetchedMs: nowMs,
      freshUntilMs: nowMs + ttlMs,
      etag: text(headers.etag),
      lastModified: text(headers['last-modified']),
      contentType: text(headers['content-type']),
      contentEncoding: text(headers['content-encoding']),
    },
  };
}

/** What a request says of stored answers (RFC 9111, 5.2.1). */
export interface CachingWish {
  /** False: nothing may be kept of it. */
  readonly mayStore: boolean;
  /** An older answer is asked about again; 0: any is. */
  readonly mostAgeMs: number;
  /** Whatever the rules say: as of somebody who was given something that is damaged. */
  readonly isReload: boolean;
}

/** apt asks for indices with `max-age=0`, and for all with `no-cache` where it is told to (`Acquire::http::No-Cache`). */
export function cachingWish(headers: IncomingHttpHeaders): CachingWish {
  const directives = directivesOf(headers);
  const isReload =
    directives.has('no-cache') || (directives.size === 0 && /no-cache/i.test(headers.pragma ?? ''));
  const seconds = Number(directives.get('max-age') ?? Number.NaN);
  const mostAgeMs = Number.isFinite(seconds) ? Math.max(0, 1000 * seconds) : Number.POSITIVE_INFINITY;
  return { mayStore: !directives.has('no-store'), mostAgeMs, isReload };
}

function directivesOf(headers: IncomingHttpHeaders): ReadonlyMap<string, string> {
  const parts = (headers['cache-control'] ?? '').split(',').filter((part) => part.trim() !== '');
  return new Map(
    parts.map((part) => {
      const [name = '', value = ''] = part.trim().toLowerCase().split('=');
      return [name, value.replaceAll('"', '')] as const;
    }),
  );
}

/** Whether the client has it already (RFC 9110, 13.1): tags are compared weakly; a date counts only where no tag was sent. */
export function isNotModified(headers: IncomingHttpHeaders, etag: string, lastModified: string): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined)
    return etag !== '' && match.split(',').some((each) => each.trim() === '*' || weak(each) === weak(etag));
  const since = headers['if-modified-since'];
  if (since === undefined || lastModified === '') return false;
  return Date.parse(lastModified) <= Date.parse(since);
}

const weak = (tag: string): string => tag.trim().replace(/^W\//, '');

/** By the clock here; an answer from the future, of a clock that is ahead, counts for no longer than one from now. */
export function isFresh({ fetchedMs, freshUntilMs }: AddressFacts, nowMs: number): boolean {
  return nowMs < freshUntilMs && freshUntilMs - fetchedMs > 0 && fetchedMs <= nowMs + 5000;
}
