import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AddressFetcher } from '../agent/address-fetcher.ts';
import { forwarded, pour, pourDownload, refuse } from '../agent/http-reply.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { Upstream } from '../transfer/upstream.ts';
import type { ProxyRules } from './rules.ts';

export interface ProxyPorts {
  readonly addresses: AddressFetcher;
  readonly cache: ObjectCache;
  readonly upstream: Upstream;
  readonly rules: ProxyRules;
  /** An address that is kept was asked for. */
  readonly asked: (url: URL) => void;
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
    const isPlain =
      request.method === 'GET' &&
      request.headers.authorization === undefined &&
      request.headers.range === undefined;
    if (action === 'pass' || !isPlain) {
      await this.#pass(request, response, url, signal);
      return;
    }
    this.#ports.asked(url);
    const {
      'if-modified-since': _since,
      'if-none-match': _match,
      cookie: _cookie,
      ...headers
    } = forwarded(request.headers);
    const answered = await this.#ports.addresses.get(
      {
        url,
        headers: { ...headers, via },
        variant: `${request.headers.accept ?? ''} ${request.headers['accept-encoding'] ?? ''}`,
        immutable: action === 'immutable',
        defaultTtlMs: 0,
        mostTtlMs,
        fromPeers: true,
      },
      signal,
    );
    if (answered.kind === 'passed') {
      response.writeHead(answered.response.statusCode ?? 502, forwarded(answered.response.headers));
      await pour(response, this.#ports.upstream.body(answered.response, url));
      return;
    }
    const { facts } = answered;
    const told: Record<string, string> = { via };
    if (facts.contentType !== '') told['content-type'] = facts.contentType;
    if (facts.contentEncoding !== '') told['content-encoding'] = facts.contentEncoding;
    if (facts.etag !== '') told.etag = facts.etag;
    if (facts.lastModified !== '') told['last-modified'] = facts.lastModified;
    if (answered.kind === 'cached' && answered.isStale) told.warning = '110 - "upstream did not answer"';
    if (isNotModified(request, facts.etag, facts.lastModified)) {
      if (answered.kind === 'coming') await answered.done.catch(() => undefined);
      response.writeHead(304, told).end();
    } else if (answered.kind === 'coming') await pourDownload(response, answered.download, () => told);
    else {
      response.writeHead(200, { ...told, 'content-length': String(answered.meta.size) });
      await pour(response, this.#ports.cache.read(answered.meta));
    }
  }

  /** CONNECT: bytes in both directions, where a rule allows it. */
  tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = request.url ?? '';
    const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:/\s]+):(\d{1,5})$/.exec(target) ?? [];
    const refused = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    if (host === undefined || this.#ports.rules.actionFor(`connect://${target}`) !== 'tunnel') {
      refused('403 Forbidden');
      return;
    }
    const outside: Socket = connect(Number(port), host.replace(/^\[|\]$/g, ''), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      outside.write(head);
      outside.pipe(socket);
      socket.pipe(outside);
    });
    outside.once('error', () => {
      if (outside.bytesRead === 0) refused('502 Bad Gateway');
      else socket.destroy();
    });
    outside.once('close', () => void socket.end());
    socket.once('close', () => outside.destroy());
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

function isNotModified(request: IncomingMessage, etag: string, lastModified: string): boolean {
  const match = request.headers['if-none-match'];
  if (match !== undefined) return etag !== '' && match.split(',').some((each) => each.trim() === etag);
  const since = request.headers['if-modified-since'];
  if (since === undefined || lastModified === '') return false;
  return Date.parse(lastModified) <= Date.parse(since);
}
