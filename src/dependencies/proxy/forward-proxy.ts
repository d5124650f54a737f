import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContentKey } from '../../ports/dependency-registry.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { AddressFetcher } from '../fetch/address-fetcher.ts';
import type { ObjectFetcher } from '../fetch/object-fetcher.ts';
import { cachingWish, isNotModified } from '../http/freshness.ts';
import { forwarded, pour, pourServed, refuse } from '../http/reply.ts';
import type { Upstream } from '../outside/upstream.ts';
import { digestIn } from './by-hash.ts';
import type { ProxyRules } from './rules.ts';

export interface ProxyPorts {
  readonly addresses: AddressFetcher;
  readonly fetcher: ObjectFetcher;
  readonly cache: ObjectCache;
  readonly upstream: Upstream;
  readonly rules: ProxyRules;
}

const via = '1.1 tanist';
/** Where an answer says nothing of its keeping it is asked about each time. */
const mostTtlMs = 24 * 3_600_000;

/** A plain HTTP forward proxy (RFC 9110, 3.7): `http_proxy`, or apt's `Acquire::http::Proxy`. */
export class ForwardProxy {
  readonly #ports: ProxyPorts;

  constructor(ports: ProxyPorts) {
    this.#ports = ports;
  }

  async handle(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const address = request.url ?? '';
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url === null || url.protocol !== 'http:' || url.username !== '' || url.password !== '') {
      refuse(response, 400, 'this proxy takes http addresses without credentials in them');
      return;
    }
    if (String(request.headers.via ?? '').includes(via)) {
      refuse(response, 508, 'this proxy was asked by itself: an address leads back to it');
      return;
    }
    const action = this.#ports.rules.actionFor(url.href);
    if (action === 'deny' || action === 'tunnel') {
      refuse(response, 403, `no rule of this proxy allows ${url.host}`);
      return;
    }
    const wish = cachingWish(request.headers);
    const isPlain =
      request.method === 'GET' &&
      wish.mayStore &&
      request.headers.authorization === undefined &&
      request.headers.range === undefined;
    if (action === 'pass' || !isPlain) {
      await this.#pass(request, response, url, signal);
      return;
    }
    const digest = action === 'immutable' ? digestIn(url) : null;
    if (digest !== null) await this.#byDigest(digest, url, response);
    else await this.#byAddress(url, action === 'immutable', request, response, signal);
  }

  /** As any object that is known by its digest: compared before it is kept, from whoever has it. */
  async #byDigest(digest: ContentKey, url: URL, response: ServerResponse): Promise<void> {
    const { fetcher, upstream, cache } = this.#ports;
    const served = await fetcher.object({ keys: [digest], upstream: upstream.source(url, { via }) });
    await pourServed(response, served, cache, { via });
  }

  async #byAddress(
    url: URL,
    immutable: boolean,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const {
      'if-modified-since': _since,
      'if-none-match': _match,
      cookie: _cookie,
      ...headers
    } = forwarded(request.headers);
    const { mostAgeMs, isReload } = cachingWish(request.headers);
    const answered = await this.#ports.addresses.get(
      {
        url,
        headers: { ...headers, via },
        variant: `${request.headers.accept ?? ''} ${request.headers['accept-encoding'] ?? ''}`,
        immutable,
        mostAgeMs: immutable ? Number.POSITIVE_INFINITY : mostAgeMs,
        reload: isReload,
        defaultTtlMs: 0,
        mostTtlMs,
        missingTtlMs: 0,
        fromPeers: true,
      },
      signal,
    );
    if (answered.kind === 'missing') {
      refuse(response, 404, `${url.host} has nothing at ${url.pathname}`);
      return;
    }
    if (answered.kind === 'passed') {
      response.writeHead(answered.response.statusCode ?? 502, forwarded(answered.response.headers));
      await pour(response, this.#ports.upstream.body(answered.response, url));
      return;
    }
    const { etag, lastModified, contentType, contentEncoding } = answered.facts;
    const told: Record<string, string> = { via };
    if (contentType !== '') told['content-type'] = contentType;
    if (contentEncoding !== '') told['content-encoding'] = contentEncoding;
    if (etag !== '') told.etag = etag;
    if (lastModified !== '') told['last-modified'] = lastModified;
    if (answered.kind === 'cached' && answered.isStale) told.warning = '110 - "upstream did not answer"';
    if (isNotModified(request.headers, etag, lastModified)) {
      if (answered.kind === 'coming') await answered.download.finished.catch(() => undefined);
      response.writeHead(304, told).end();
    } else await pourServed(response, answered, this.#ports.cache, told);
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    signal: AbortSignal,
  ): Promise<void> {
    const method = request.method ?? 'GET';
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const sent = {
      method,
      headers: { ...forwarded(request.headers), via },
      ...(hasBody ? { body: request } : {}),
    };
    const answer = await this.#ports.upstream.pass(url, sent, signal);
    response.writeHead(answer.statusCode ?? 502, { ...forwarded(answer.headers), via });
    if (method === 'HEAD') {
      answer.resume();
      response.end();
    } else await pour(response, this.#ports.upstream.body(answer, url));
  }
}
