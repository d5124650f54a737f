import type { OriginOf } from '../config/source-schema.ts';
import { boundedBody } from './bounded-body.ts';
import { failed, failedBy, parsed } from './failed.ts';
import type { Origin, OriginAnswer, OriginRequest, Validators } from './origin.ts';
import { checkReach } from './reach.ts';
import { headerText, type SecretPlaces, secretsOf } from './secrets.ts';
import { urlFor } from './template.ts';

const mostRedirects = 5;

/**
 * HTTP(S) with JSON: GET, conditional (RFC 9110, 13.1), redirects followed at most five times, without secrets to another origin, and from https to nothing less.
 * `reach`: fails where an address is not to be asked.
 */
export function httpOrigin(
  config: OriginOf<'http'>,
  places: SecretPlaces,
  wallMs: () => number,
  reach: (host: string) => Promise<void> = checkReach,
): Origin {
  return {
    async fetch(request) {
      try {
        return await follow(config, places, request, wallMs, reach);
      } catch (error) {
        return failedBy(error, request.signal);
      }
    },
  };
}

async function follow(
  config: OriginOf<'http'>,
  places: SecretPlaces,
  { key, validators, signal, maxBytes }: OriginRequest,
  wallMs: () => number,
  reach: (host: string) => Promise<void>,
): Promise<OriginAnswer> {
  const first = new URL(urlFor(config.url, key));
  const query = await secretsOf(config.query, places, null);
  for (const [name, value] of Object.entries(query)) first.searchParams.set(name, value);
  let url = first;
  const seen = new Set<string>();
  const own = await secretsOf(config.headers, places, headerText);
  for (;;) {
    if (seen.has(url.href))
      return failed('origin-redirects', `the origin redirects in a circle at ${url.origin}`);
    if (seen.size > mostRedirects)
      return failed('origin-redirects', `the origin redirects more than ${mostRedirects} times`);
    seen.add(url.href);
    await reach(url.hostname);
    const response = await fetch(url, {
      redirect: 'manual',
      signal,
      headers: {
        accept: 'application/json',
        ...(url.origin === first.origin ? own : {}),
        ...conditions(validators),
      },
    });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && response.status !== 304 && location !== null) {
      await response.body?.cancel();
      const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
      if (next === null || !/^https?:$/.test(next.protocol))
        return failed('origin-redirects', 'the origin redirects to what is no address of HTTP');
      if (next.username !== '' || next.password !== '')
        return failed(
          'origin-redirects',
          'the origin redirects to an address with a user or a password in it',
        );
      if (url.protocol === 'https:' && next.protocol !== 'https:')
        return failed('origin-redirects', 'the origin redirects from https to http');
      url = next;
      continue;
    }
    return await answerOf(response, maxBytes, wallMs);
  }
}

function conditions(validators: Validators | null): Record<string, string> {
  return {
    ...(validators?.etag === undefined ? {} : { 'if-none-match': validators.etag }),
    ...(validators?.lastModified === undefined ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

async function answerOf(response: Response, maxBytes: number, wallMs: () => number): Promise<OriginAnswer> {
  const { status, headers } = response;
  const originMs = dateMs(headers.get('date'));
  if (status === 200) {
    const document = parsed(await boundedBody(response, maxBytes), 'json');
    const etag = headers.get('etag');
    const lastModified = headers.get('last-modified');
    const validators = {
      ...(etag === null ? {} : { etag }),
      ...(lastModified === null ? {} : { lastModified }),
    };
    return { kind: 'content', document, validators, changedAtMs: dateMs(lastModified), originMs };
  }
  await response.body?.cancel();
  if (status === 304) return { kind: 'unchanged', originMs };
  if (status === 404 || status === 410) return { kind: 'gone', originMs };
  if (status === 429 || status === 503) {
    const waitMs = retryAfterMs(headers.get('retry-after'), originMs ?? wallMs());
    return failed('origin-busy', `the origin asks for patience (status ${status})`, waitMs);
  }
  if (status >= 500) return failed('origin-failed', `the origin fails with status ${status}`);
  if (status < 300)
    return failed(
      'origin-refused',
      `the origin answers with status ${status}, not with the whole: check its address`,
    );
  return failed('origin-refused', `the origin refuses with status ${status}: check its address and secrets`);
}

function dateMs(text: string | null): number | null {
  const parsedMs = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(parsedMs) ? null : parsedMs;
}

/** Seconds, or a date by the origin's own clock (RFC 9110, 10.2.3); at most a day. */
function retryAfterMs(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : (dateMs(text) ?? Number.NaN) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), 86_400_000);
}
