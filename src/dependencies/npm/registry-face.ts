import type { IncomingMessage, ServerResponse } from 'node:http';
import { isNotModified } from '../http/freshness.ts';
import { isProbe, probed } from '../http/probes.ts';
import { forwarded, pour, refuse } from '../http/reply.ts';
import { registryFor } from './npm-config.ts';
import { parseRegistryPath } from './package-path.ts';
import { wantsAbbreviated } from './packument-request.ts';
import { type PackumentOptions, Packuments } from './packuments.ts';
import { type TarballPorts, Tarballs } from './tarballs.ts';

/** An npm registry, as npm, pnpm and yarn use it, before the machine's own one: metadata with the addresses of tarballs led here, and the tarballs. */
export class RegistryFace {
  readonly #options: PackumentOptions;
  readonly #ports: TarballPorts;
  readonly #packuments: Packuments;
  /** Its other half. */
  readonly tarballs: Tarballs;

  constructor(options: PackumentOptions, ports: TarballPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#packuments = new Packuments(options, ports);
    this.tarballs = new Tarballs(options, ports, this.#packuments);
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
      const below = asked.path.slice(1) + (query === undefined ? '' : `?${query}`);
      if (isProbe(asked.path.slice('/-'.length))) probed(response);
      else if (asked.path === '/-/ping')
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      else await this.#pass(request, response, below, signal);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const { origin } = registryFor(this.#options.npm, asked.name);
      refuse(
        response,
        405,
        `this agent only reads: publish at the registry itself (npm publish --registry ${origin})`,
      );
      return;
    }
    if (asked.kind === 'tarball')
      await this.tarballs.serve(asked.name, asked.file, request, response, signal);
    else {
      const below = asked.kind === 'version' ? `/${asked.version}` : '';
      await this.#metadata(asked.name, below, request, response, signal);
    }
  }

  async #metadata(
    name: string,
    below: string,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const isShort = wantsAbbreviated(request.headers.accept);
    const base = baseOf(request) ?? this.#options.base();
    const found = await this.#packuments.get(name, below, isShort, signal, base);
    const { packument, contentType, etag, isStale } = found;
    const headers: Record<string, string> = {
      'content-type': contentType,
      etag,
      'cache-control': 'public, max-age=0',
      vary: 'accept',
      ...(isStale ? { warning: '110 - "upstream did not answer"' } : {}),
    };
    if (isNotModified(request.headers, etag, '')) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, 'content-length': String(packument.body.length) });
    response.end(request.method === 'HEAD' ? undefined : packument.body);
  }

  /** Whatever else a registry does, with what the client sends, and this machine's credentials. */
  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { registry } = this.#options.npm;
    const url = new URL(path, registry);
    const method = request.method ?? 'GET';
    if (url.origin !== new URL(registry).origin || !['GET', 'HEAD', 'POST'].includes(method)) {
      refuse(response, 405, 'this agent only reads; use the registry itself for that');
      return;
    }
    const { 'accept-encoding': _, ...headers } = forwarded(request.headers);
    const sent = { method, headers, ...(method === 'POST' ? { body: request } : {}) };
    const answer = await this.#ports.upstream.pass(url, sent, signal);
    response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
    await pour(response, this.#ports.upstream.body(answer, url));
  }

  /** Addresses in lock files may keep the path of a registry that is not at the root of its host. */
  #withoutPrefix(path: string): string {
    const prefix = new URL(this.#options.npm.registry).pathname;
    return prefix !== '/' && path.startsWith(prefix) ? `/${path.slice(prefix.length)}` : path;
  }
}

/** As the client reached it: another container, or a forwarded port, has another name for it than it has itself. Null: it does not say. */
function baseOf({ headers: { host = '' } }: IncomingMessage): string | null {
  return /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?$/.test(host) ? `http://${host}` : null;
}
