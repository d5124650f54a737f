import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { ContentKey } from '../../ports/dependency-registry.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { isContentKey } from '../content-key.ts';
import type { ObjectFetcher } from '../fetch/object-fetcher.ts';
import { isProbe, probed } from '../http/probes.ts';
import { pour, refuse } from '../http/reply.ts';
import type { Download } from '../transfer/download.ts';
import type { AgentCounts } from './meter.ts';
import type { AgentMetricsPage, AgentStats } from './options.ts';

export interface PeerFacePorts {
  readonly clock: Clock;
  readonly cache: ObjectCache;
  readonly fetcher: ObjectFetcher;
  readonly counts: AgentCounts;
  /** At most so many at a time; more are told to go elsewhere. */
  readonly mostAtOnce: number;
  readonly stats: () => AgentStats;
  readonly metrics: AgentMetricsPage | null;
  /** Of what is being fetched here: when that ends. */
  readonly arrival: (key: ContentKey) => Promise<unknown> | null;
}

const waitMs = 25_000;

/**
 * What other agents ask of this one: `GET /v1/objects/ALGORITHM/DIGEST` (with `Range`), of what it has or is fetching; `GET /v1/arrivals/…`, which answers when
 * it no longer fetches that; `GET /v1/ping`, `GET /v1/stats`; and what watches over agents: `/livez`, `/readyz`, `/metrics`. It gives what was compared with its digest, and what is on its way as far as that will be.
 */
export class PeerFace {
  readonly #ports: PeerFacePorts;
  #running = 0;

  constructor(ports: PeerFacePorts) {
    this.#ports = ports;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://peer');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'agents only read from each other');
      return;
    }
    if (pathname === '/v1/ping') {
      response.writeHead(200, { 'content-length': '0' }).end();
      return;
    }
    if (isProbe(pathname)) {
      probed(response);
      return;
    }
    const { metrics, stats } = this.#ports;
    if (pathname === '/metrics' && metrics !== null) {
      const page = await metrics.page(stats());
      response.writeHead(200, { 'content-type': metrics.contentType }).end(page);
      return;
    }
    if (pathname === '/v1/stats') {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.#ports.stats()));
      return;
    }
    const [, what, algorithm = '', digest = ''] =
      /^\/v1\/(objects|arrivals)\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(pathname) ?? [];
    if (what === undefined || !isContentKey(algorithm, digest)) {
      refuse(response, 404, 'an agent has /v1/objects/ALGORITHM/DIGEST');
      return;
    }
    const key: ContentKey = { algorithm, digest };
    if (what === 'arrivals') {
      await this.#arrival(key, response);
      return;
    }
    if (this.#running >= this.#ports.mostAtOnce) {
      refuse(response, 503, 'this agent gives to too many others; ask the next');
      return;
    }
    this.#running++;
    try {
      await this.#object(key, request, response);
    } finally {
      this.#running--;
    }
  }

  async #object(key: ContentKey, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, fromText, toText] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(fromText ?? 0);
    const meta = await this.#ports.cache.find(key);
    if (meta === null) {
      // An address has no digest to compare what is on its way with.
      const coming = key.algorithm === 'url' ? null : this.#ports.fetcher.coming(key);
      if (coming === null || !coming.isWhole) refuse(response, 404, 'not here');
      else await this.#coming(coming, from, response);
      return;
    }
    const before =
      toText === undefined || toText === '' ? meta.size : Math.min(meta.size, Number(toText) + 1);
    if (from > before) {
      response.writeHead(416, { 'content-range': `bytes */${meta.size}` }).end();
      return;
    }
    const isPart = fromText !== undefined;
    response.writeHead(isPart ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(before - from),
      ...(isPart ? { 'content-range': `bytes ${from}-${before - 1}/${meta.size}` } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else await pour(response, this.#counted(this.#ports.cache.read(meta, from, before)));
  }

  /** The head goes out at once, so that the other side knows that this one lives; the end only when the digest was met. */
  async #coming(download: Download, from: number, response: ServerResponse): Promise<void> {
    const range = from > 0 ? { 'content-range': `bytes ${from}-*/*` } : {};
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': 'application/octet-stream', ...range });
    response.flushHeaders();
    await pour(response, this.#counted(skipped(download.read(), from)));
  }

  async #arrival(key: ContentKey, response: ServerResponse): Promise<void> {
    const coming = this.#ports.arrival(key);
    if (coming !== null) {
      const gone = new Promise<void>((resolve) => response.once('close', resolve));
      let timer: Timer | null = null;
      const late = new Promise<void>((resolve) => {
        timer = this.#ports.clock.after(waitMs, resolve);
      });
      await Promise.race([coming.catch(() => undefined), gone, late]);
      stopped(timer);
    }
    if (!response.destroyed) response.writeHead(204).end();
  }

  async *#counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      this.#ports.counts.givenBytes += chunk.length;
      yield chunk;
    }
  }
}

const stopped = (timer: Timer | null): void => timer?.cancel();

async function* skipped(
  chunks: AsyncIterable<Buffer>,
  count: number,
): AsyncGenerator<Buffer, void, undefined> {
  let left = count;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
