import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import type { ContentKey } from '../../ports/dependency-registry.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { urlKey } from '../content-key.ts';
import type { AddressFetcher } from '../fetch/address-fetcher.ts';
import { mostMissingMs } from '../fetch/missing.ts';
import type { ObjectFetcher, ObjectRequest } from '../fetch/object-fetcher.ts';
import { pourServed, refuse } from '../http/reply.ts';
import { AnswerStatus, expectStatus } from '../outside/answer-status.ts';
import type { Upstream } from '../outside/upstream.ts';
import { registryFor } from './npm-config.ts';
import { encodedName } from './package-path.ts';
import type { PackumentOptions, Packuments } from './packuments.ts';

export interface TarballPorts {
  readonly addresses: AddressFetcher;
  readonly fetcher: ObjectFetcher;
  readonly cache: ObjectCache;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** A tarball was asked for. */
  readonly asked: (item: AskedItem) => void;
}

export interface AskedItem {
  readonly name: string;
  readonly file: string;
  /** The digest that it is known by; null: the registry lists none. */
  readonly key: ContentKey | null;
}

const headers = { 'content-type': 'application/octet-stream' };

/**
 * Tarballs by the digests in the metadata. One that was fetched and compared once is kept under its name, too: a version that was published does not change,
 * so an installation from a lock file is served without a look at any metadata, and without upstream.
 */
export class Tarballs {
  readonly #options: PackumentOptions;
  readonly #ports: TarballPorts;
  readonly #packuments: Packuments;

  constructor(options: PackumentOptions, ports: TarballPorts, packuments: Packuments) {
    this.#options = options;
    this.#ports = ports;
    this.#packuments = packuments;
  }

  /** What to fetch; null: the package has none of that name, or the registry says nothing of its bytes. */
  async request(name: string, file: string, signal: AbortSignal): Promise<ObjectRequest | null> {
    const facts = await this.#packuments.tarballFacts(name, file, signal);
    if (facts === null || facts.keys.length === 0) return null;
    const upstream = this.#ports.upstream.source(new URL(facts.url));
    return { keys: facts.keys, upstream, names: [this.#named(name, file)] };
  }

  async serve(
    name: string,
    file: string,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { fetcher, cache, asked } = this.#ports;
    const isHead = request.method === 'HEAD';
    const named = this.#named(name, file);
    // What metadata said since then counts more than the name.
    if (!isHead && !this.#packuments.hasSeen(name, file)) {
      const here = await fetcher.held([named]);
      if (here !== null) {
        asked({ name, file, key: strongest(here.meta.keys) });
        await pourServed(response, here, cache, headers);
        return;
      }
    }
    const facts = await this.#packuments.tarballFacts(name, file, signal);
    if (facts === null) {
      refuse(response, 404, `${name} has no tarball ${file}`);
      return;
    }
    if (isHead) {
      const size = facts.keys.map((key) => cache.sizeOf(key)).find((bytes) => bytes > 0);
      const length = size === undefined ? {} : { 'content-length': String(size) };
      response.writeHead(200, { ...headers, ...length }).end();
      return;
    }
    asked({ name, file, key: facts.keys[0] ?? null });
    const url = new URL(facts.url);
    if (facts.keys.length === 0) {
      await this.#byAddress(url, response, signal);
      return;
    }
    const upstream = this.#ports.upstream.source(url);
    const served = await fetcher.object({ keys: facts.keys, upstream, names: [named] });
    if (served.kind === 'cached') await cache.addKeys(served.meta, [named]);
    await pourServed(response, served, cache, headers);
  }

  /** A tarball that the registry says nothing about: kept as what its address answers. */
  async #byAddress(url: URL, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const answered = await this.#ports.addresses.get(
      {
        url,
        headers: { 'accept-encoding': 'identity' },
        variant: '',
        immutable: true,
        mostAgeMs: Number.POSITIVE_INFINITY,
        reload: false,
        defaultTtlMs: 0,
        mostTtlMs: 0,
        missingTtlMs: mostMissingMs,
        fromPeers: this.#options.metadataFromPeers,
      },
      signal,
    );
    if (answered.kind === 'missing') throw new AnswerStatus(url, 404, 0);
    if (answered.kind === 'passed') expectStatus(answered.response, url, 200);
    else await pourServed(response, answered, this.#ports.cache, headers);
  }

  /** Never told to others: what it stands for is this agent's own knowledge. */
  #named(name: string, file: string): ContentKey {
    const { href } = registryFor(this.#options.npm, name);
    return urlKey(`${href}${encodedName(name)}/-/${file}`, 'tarball');
  }
}

/** As metadata would list it first. */
function strongest(keys: readonly ContentKey[]): ContentKey | null {
  const order = ['sha512', 'sha1', 'sha256'] as const;
  return order.flatMap((name) => keys.filter(({ algorithm }) => algorithm === name))[0] ?? null;
}
