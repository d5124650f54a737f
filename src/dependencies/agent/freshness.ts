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
  const directives = new Map(
    (headers['cache-control'] ?? '').split(',').map((part) => {
      const [name = '', value = ''] = part.trim().toLowerCase().split('=');
      return [name, value.replaceAll('"', '')] as const;
    }),
  );
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

/** By the clock here; an answer from the future, of a clock that is ahead, counts for no longer than one from now. */
export function isFresh({ fetchedMs, freshUntilMs }: AddressFacts, nowMs: number): boolean {
  return nowMs < freshUntilMs && freshUntilMs - fetchedMs > 0 && fetchedMs <= nowMs + 5000;
}
