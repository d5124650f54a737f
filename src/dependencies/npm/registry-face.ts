import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { TanistError } from '../../foundation/errors.ts';
import type { AddressFetcher, AddressRequest, Answered } from '../agent/address-fetcher.ts';
import { collect, forwarded, pour, pourDownload, refuse } from '../agent/http-reply.ts';
import type { ObjectFetcher } from '../agent/object-fetcher.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { sha256Key } from '../content-key.ts';
import { expectStatus } from '../transfer/answer-status.ts';
import type { Upstream } from '../transfer/upstream.ts';
import type { NpmConfig } from './npm-config.ts';
import { encodedName, parseRegistryPath } from './package-path.ts';
import { type RewrittenPackument, rewritePackument, type TarballFacts } from './packument.ts';

export interface FaceOptions {
  readonly npm: NpmConfig;
  /** Where this face is reached, without a `/` at the end. */
  readonly base: () => string;
  readonly metadataTtlMs: number;
  /** Whether other agents' word on metadata is believed for that time. */
  readonly metadataFromPeers: boolean;
  readonly mostMetadataBytes: number;
}

export interface FacePorts {
  readonly addresses: AddressFetcher;
  readonly fetcher: ObjectFetcher;
  readonly cache: ObjectCache;
  readonly upstream: Upstream;
  /** A tarball was asked for. */
  readonly asked: (item: AskedItem) => void;
}

export interface AskedItem {
  readonly name: string;
  readonly file: string;
  readonly facts: TarballFacts;
}

const abbreviated = 'application/vnd.npm.install-v1+json';
const mostPackuments = 256;
const mostRewrittenBytes = 64 * 1024 * 1024;

/** An npm registry, as npm, pnpm and yarn use it, before the machine's own one: metadata with the addresses of tarballs led here, and the tarballs. */
export class RegistryFace {
  readonly #options: FaceOptions;
  readonly #ports: FacePorts;
  /** The latest rewritten ones, by variant, name and digest. */
  readonly #rewritten = new Map<string, RewrittenPackument>();

  #rewrittenBytes = 0;
  readonly #tarballs = new Map<string, ReadonlyMap<string, TarballFacts>>();

  constructor(options: FaceOptions, ports: FacePorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Fails with what went wrong; nothing was answered then, or the connection has to be broken off. */
  async handle(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const [path = '/', query] = (request.url ?? '/').split('?');
    const asked = parseRegistryPath(this.#withoutPrefix(path));
    if (asked.kind === 'invalid') {
      refuse(response, 400, `${asked.why}; this is an npm registry`);
      return;
    }
    if (asked.kind === 'service') {
      if (asked.path === '/-/ping') {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      await this.#pass(
        request,
        response,
        asked.path.slice(1) + (query === undefined ? '' : `?${query}`),
        signal,
      );
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(
        response,
        405,
        `this agent only reads: publish at the registry itself (npm publish --registry ${this.#registryOf(asked.name).origin})`,
      );
      return;
    }
    if (asked.kind === 'tarball') await this.#tarball(asked.name, asked.file, request, response, signal);
    else
      await this.#metadata(
        asked.name,
        asked.kind === 'version' ? `/${asked.version}` : '',
        request,
        response,
        signal,
      );
  }

  /** Where a tarball comes from and what its bytes are; null: the package has none of that name. */
  async tarballFacts(name: string, file: string, signal: AbortSignal): Promise<TarballFacts | null> {
    // A version that was published does not change, so what was seen of it in any metadata counts.
    const seen = this.#tarballs.get(name)?.get(file);
    if (seen !== undefined) return seen;
    const { packument } = await this.#packument(name, '', true, signal);
    return packument.tarballs.get(file) ?? null;
  }

  async #metadata(
    name: string,
    below: string,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const isShort = (request.headers.accept ?? '').includes(abbreviated);
    const { packument, contentType, etag, isStale } = await this.#packument(name, below, isShort, signal);
    const headers: Record<string, string> = {
      'content-type': contentType,
      etag,
      'cache-control': 'public, max-age=0',
      vary: 'accept',
      ...(isStale ? { warning: '110 - "upstream did not answer"' } : {}),
    };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, 'content-length': String(packument.body.length) });
    response.end(request.method === 'HEAD' ? undefined : packument.body);
  }

  async #tarball(
    name: string,
    file: string,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const facts = await this.tarballFacts(name, file, signal);
    if (facts === null) {
      refuse(response, 404, `${name} has no tarball ${file}`);
      return;
    }
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end();
      return;
    }
    this.#ports.asked({ name, file, facts });
    const headers = (): Readonly<Record<string, string>> => ({ 'content-type': 'application/octet-stream' });
    if (facts.keys.length === 0) {
      await this.#byAddress(new URL(facts.url), response, signal);
      return;
    }
    const served = await this.#ports.fetcher.object({ keys: facts.keys, upstream: this.source(facts) });
    if (served.kind === 'coming') await pourDownload(response, served.download, headers);
    else {
      response.writeHead(200, { ...headers(), 'content-length': String(served.meta.size) });
      await pour(response, this.#ports.cache.read(served.meta));
    }
  }

  source(facts: TarballFacts) {
    return this.#ports.upstream.source(new URL(facts.url));
  }

  /** A tarball that the registry says nothing about: kept as what its address answers. */
  async #byAddress(url: URL, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const answered = await this.#ports.addresses.get(
      {
        url,
        headers: { 'accept-encoding': 'identity' },
        variant: '',
        immutable: true,
        defaultTtlMs: 0,
        mostTtlMs: 0,
        fromPeers: this.#options.metadataFromPeers,
      },
      signal,
    );
    if (answered.kind === 'passed') expectStatus(answered.response, url, 200);
    const headers = { 'content-type': 'application/octet-stream' };
    if (answered.kind === 'coming') await pourDownload(response, answered.download, () => headers);
    if (answered.kind === 'cached') {
      response.writeHead(200, { ...headers, 'content-length': String(answered.meta.size) });
      await pour(response, this.#ports.cache.read(answered.meta));
    }
  }

  async #packument(
    name: string,
    below: string,
    isShort: boolean,
    signal: AbortSignal,
  ): Promise<{
    readonly packument: RewrittenPackument;
    readonly contentType: string;
    readonly etag: string;
    readonly isStale: boolean;
  }> {
    const full = this.#request(name, below, false);
    const short = this.#request(name, below, true);
    // The short form is a part of the full one: where somebody has that one, it does for both.
    const request = isShort ? ((await this.#ports.addresses.known([short, full])) ?? short) : full;
    const { url } = request;
    const answered = await this.#ports.addresses.get(request, signal);
    const { bytes, sha256, facts, isStale } = await this.#whole(answered, url);
    const known = `${name}${below} ${sha256}`;
    let packument = this.#rewritten.get(known);
    if (packument === undefined) {
      const text = (await decoded(bytes ?? (await this.#stored(sha256)), facts.contentEncoding)).toString(
        'utf8',
      );
      try {
        packument = rewritePackument(name, text, this.#options.base());
      } catch (error) {
        // Not to be given again to whoever asks next.
        if (answered.kind === 'coming') await answered.done;
        await this.#ports.cache.remove(sha256);
        throw error;
      }
    }
    this.#keepRewritten(known, packument);
    if (below === '') keep(this.#tarballs, name, packument.tarballs);
    const contentType = facts.contentType === '' ? 'application/json' : facts.contentType;
    return { packument, contentType, etag: `"${sha256.slice(0, 32)}"`, isStale };
  }

  #keepRewritten(name: string, packument: RewrittenPackument): void {
    if (!this.#rewritten.has(name)) this.#rewrittenBytes += packument.body.length;
    this.#rewritten.delete(name);
    this.#rewritten.set(name, packument);
    for (const [oldest, { body }] of this.#rewritten) {
      if (this.#rewrittenBytes <= mostRewrittenBytes || oldest === name) break;
      this.#rewritten.delete(oldest);
      this.#rewrittenBytes -= body.length;
    }
  }

  #request(name: string, below: string, isShort: boolean): AddressRequest {
    const { metadataTtlMs, metadataFromPeers } = this.#options;
    return {
      url: new URL(`${encodedName(name)}${below}`, this.#registryOf(name).href),
      headers: {
        accept: isShort ? `${abbreviated}; q=1.0, application/json; q=0.8` : 'application/json',
        'accept-encoding': 'gzip',
      },
      variant: isShort ? 'abbreviated' : 'full',
      immutable: false,
      defaultTtlMs: metadataTtlMs,
      mostTtlMs: metadataTtlMs,
      fromPeers: metadataFromPeers,
    };
  }

  async #stored(sha256: string): Promise<Buffer> {
    const { cache } = this.#ports;
    const meta = await cache.find(sha256Key(sha256));
    if (meta === null) throw new TanistError('upstream-failed', 'stored metadata was damaged; ask again');
    return await collect(cache.read(meta), this.#options.mostMetadataBytes);
  }

  /** Metadata is read as a whole, since it is rewritten; `bytes` null: it is in the cache. */
  async #whole(answered: Answered, url: URL) {
    if (answered.kind === 'passed') {
      expectStatus(answered.response, url, 200);
      throw new TanistError('upstream-failed', `${url.host} answers in a way that is not understood`);
    }
    if (answered.kind === 'cached') {
      const { meta, facts, isStale } = answered;
      return { bytes: null, sha256: meta.sha256, facts, isStale };
    }
    const bytes = await collect(answered.download.read(), this.#options.mostMetadataBytes);
    const { sha256 } = await answered.download.finished;
    return { bytes, sha256, facts: answered.facts, isStale: false };
  }

  /** Whatever else a registry does, with what the client sends, and this machine's credentials. */
  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
    const url = new URL(path, this.#options.npm.registry);
    const method = request.method ?? 'GET';
    if (
      url.origin !== new URL(this.#options.npm.registry).origin ||
      !['GET', 'HEAD', 'POST'].includes(method)
    ) {
      refuse(response, 405, 'this agent only reads; use the registry itself for that');
      return;
    }
    const { 'accept-encoding': _, ...headers } = forwarded(request.headers);
    const sent = { method, headers, ...(method === 'POST' ? { body: request } : {}) };
    const answer = await this.#ports.upstream.pass(url, sent, signal);
    response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
    await pour(response, this.#ports.upstream.body(answer, url));
  }

  #registryOf(name: string): URL {
    const { npm } = this.#options;
    const scope = name.startsWith('@') ? (name.split('/')[0] ?? '') : '';
    return new URL(npm.scopes[scope] ?? npm.registry);
  }

  /** Addresses in lock files may keep the path of a registry that is not at the root of its host. */
  #withoutPrefix(path: string): string {
    const prefix = new URL(this.#options.npm.registry).pathname;
    return prefix !== '/' && path.startsWith(prefix) ? `/${path.slice(prefix.length)}` : path;
  }
}

function keep<T>(latest: Map<string, T>, name: string, value: T): void {
  latest.delete(name);
  latest.set(name, value);
  const [oldest] = latest.keys();
  if (latest.size > mostPackuments && oldest !== undefined) latest.delete(oldest);
}

/** Metadata of the largest packages has some 30 MB. */
const most = { maxOutputLength: 512 * 1024 * 1024 };
const [unzip, inflated, unbrotli] = [promisify(gunzip), promisify(inflate), promisify(brotliDecompress)];
const decoders: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  '': async (bytes) => bytes,
  identity: async (bytes) => bytes,
  gzip: (bytes) => unzip(bytes, most),
  deflate: (bytes) => inflated(bytes, most),
  br: (bytes) => unbrotli(bytes, most),
};

async function decoded(bytes: Buffer, encoding: string): Promise<Buffer> {
  const decode = decoders[encoding.toLowerCase()];
  if (decode === undefined)
    throw new TanistError(
      'upstream-failed',
      `metadata came in the encoding ${encoding}, which is not known here`,
    );
  return await decode(bytes).catch((error: unknown) => {
    throw new TanistError('upstream-failed', `metadata came damaged (${String(error)})`, { cause: error });
  });
}
