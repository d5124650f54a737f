import type { IncomingMessage } from 'node:http';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import type { AgentCounts } from '../agent/meter.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';
import { keyText, urlKey } from '../content-key.ts';
import { cachingOf } from '../http/freshness.ts';
import { isPassing } from '../outside/answer-status.ts';
import { incomingOf, type Upstream } from '../outside/upstream.ts';
import type { Download } from '../transfer/download.ts';
import type { Source } from '../transfer/source.ts';
import {
  type AddressRequest,
  conditionsOf,
  doesFor,
  isStrayPage,
  type KnownAnswer,
} from './address-request.ts';
import { Missing } from './missing.ts';
import { type OthersPorts, toldByOthers } from './told-by-others.ts';

export interface AddressPorts extends OthersPorts {
  readonly upstream: Upstream;
  readonly counts: AgentCounts;
}

export type Answered =
  | {
      readonly kind: 'cached';
      readonly meta: ObjectMeta;
      readonly facts: AddressFacts;
      readonly isStale: boolean;
      /** Resolves when the others can know it. */
      readonly told?: Promise<unknown>;
    }
  | {
      readonly kind: 'coming';
      readonly download: Download;
      readonly facts: AddressFacts;
      readonly done: Promise<unknown>;
    }
  /** There is none, as upstream said to this agent or another a moment ago. */
  | { readonly kind: 'missing'; readonly told?: Promise<unknown> }
  /** Any other answer, as it is: the body is still to be read. */
  | { readonly kind: 'passed'; readonly response: IncomingMessage };

/** Served though it could not be asked about: for so long after its time. */
const staleIfErrorMs = 24 * 3_600_000;
const neverMs = 8.64e15;

/** What addresses answer, for what has no digest: with the times-to-live, conditional requests and keeping of an HTTP cache (RFC 9111), shared with the others. */
export class AddressFetcher {
  readonly #ports: AddressPorts;
  readonly #running = new Map<string, Promise<Answered>>();
  readonly #missing: Missing;

  constructor(ports: AddressPorts) {
    this.#ports = ports;
    this.#missing = new Missing(ports.clock, ports.directory);
  }

  close(): void {
    this.#missing.close();
  }

  /** Fails as upstream does, where nothing is here that could stand in for it. */
  async get(request: AddressRequest, signal: AbortSignal): Promise<Answered> {
    const key = this.#keyOf(request);
    const local = await this.#local(key);
    if (local !== null && this.#counts(local.facts, request)) {
      this.#ports.counts.localHits++;
      this.#ports.counts.localBytes += local.meta.size;
      return { kind: 'cached', ...local, isStale: false };
    }
    if (request.missingTtlMs > 0 && this.#missing.has(key)) {
      this.#ports.counts.missingHits++;
      return { kind: 'missing' };
    }
    const name = keyText(key);
    const running = this.#running.get(name);
    if (running !== undefined) {
      const answered = await running.catch(() => null);
      // Another answer than one to be kept is read once, by whoever asked first.
      if (answered?.kind === 'cached') return answered;
      if (answered?.kind === 'missing') {
        this.#ports.counts.missingHits++;
        return answered;
      }
      if (answered?.kind === 'coming' && answered.download.isWhole) return answered;
      return await this.#fetch(request, key, local, signal);
    }
    const fetched = this.#fetch(request, key, local, signal);
    this.#running.set(name, fetched);
    const end = (): void => {
      if (this.#running.get(name) === fetched) this.#running.delete(name);
    };
    fetched.then(toldOf).then(end, end);
    return await fetched;
  }

  /** The first whose answer can be had without asking upstream: from here, else from others; null: none. */
  async known(requests: readonly AddressRequest[]): Promise<AddressRequest | null> {
    const keys = requests.map((request) => this.#keyOf(request));
    for (const [i, request] of requests.entries()) {
      const local = await this.#local(keys[i] ?? urlKey(''));
      if (local !== null && this.#counts(local.facts, request)) return request;
    }
    if (!requests.every(({ fromPeers }) => fromPeers)) return null;
    const found = await this.#ports.directory.lookup(keys);
    const isTold = (request: AddressRequest, i: number): boolean =>
      (found[i] ?? []).some(
        (each) => each.state === 'held' && each.answer !== undefined && this.#counts(each.answer, request),
      );
    return requests.find(isTold) ?? null;
  }

  /** Resolves when what is asked upstream under this key is registered, or came to nothing; null: nothing is. */
  arrival(key: ContentKey): Promise<unknown> | null {
    const running = this.#running.get(keyText(key));
    return running?.then(toldOf) ?? null;
  }

  async #fetch(
    request: AddressRequest,
    key: ContentKey,
    local: KnownAnswer | null,
    signal: AbortSignal,
  ): Promise<Answered> {
    const { fromPeers, reload, mostAgeMs } = request;
    const mayBeTold = fromPeers && !reload && mostAgeMs > 0;
    const shared = mayBeTold ? await toldByOthers(this.#ports, request, key, signal) : null;
    if (shared?.kind === 'found') return { kind: 'cached', ...shared.found, isStale: false };
    if (shared?.kind === 'missing') {
      this.#ports.counts.missingHits++;
      this.#missing.told(key, shared.untilMs, request.missingTtlMs);
      return { kind: 'missing' };
    }
    const claimed = shared?.kind === 'claimed';
    const nowMs = this.#ports.clock.wallMs();
    const isTooOld = local !== null && local.facts.freshUntilMs + staleIfErrorMs < nowMs;
    const standIn: Answered | null =
      local === null || isTooOld || request.reload ? null : { kind: 'cached', ...local, isStale: true };
    try {
      const answered = await this.#fromUpstream(request, key, local, signal);
      if (answered.kind !== 'passed') return answered;
      if (request.missingTtlMs > 0 && [404, 410].includes(answered.response.statusCode ?? 0)) {
        answered.response.resume();
        return { kind: 'missing', told: this.#missing.found(key, request.missingTtlMs, request.fromPeers) };
      }
      if (claimed) this.#ports.directory.gaveUp(key);
      // An upstream that is overloaded or broken is as good as none (RFC 5861, 4).
      if (standIn === null || !isPassing(answered.response.statusCode ?? 0)) return answered;
      answered.response.destroy();
      return standIn;
    } catch (error) {
      if (claimed) this.#ports.directory.gaveUp(key);
      if (standIn === null || signal.aborted) throw error;
      return standIn;
    }
  }

  async #fromUpstream(
    request: AddressRequest,
    key: ContentKey,
    local: KnownAnswer | null,
    signal: AbortSignal,
  ): Promise<Answered> {
    const { upstream, clock, counts, cache, directory, fetcher } = this.#ports;
    const { response, url } = await upstream.ask(
      request.url,
      { ...request.headers, ...conditionsOf(request.reload ? null : local) },
      signal,
    );
    const nowMs = clock.wallMs();
    const { mayStore: allowed, facts: told } = cachingOf(response.headers, nowMs, request);
    const mayStore = allowed && !isStrayPage(told, request);
    const facts = request.immutable && mayStore ? { ...told, freshUntilMs: neverMs } : told;
    if (response.statusCode === 304 && local !== null) {
      response.resume();
      counts.revalidations++;
      counts.localHits++;
      counts.localBytes += local.meta.size;
      const { fetchedMs, freshUntilMs } = facts;
      const again = { ...local.facts, fetchedMs, freshUntilMs };
      const meta = await cache.addKeys(local.meta, [key], { [key.digest]: again });
      // Whoever asked does not wait for the registry.
      return { kind: 'cached', meta, facts: again, isStale: false, told: directory.holds(meta, key) };
    }
    if (response.statusCode !== 200) return { kind: 'passed', response };
    const first: Source = {
      name: url.host,
      sandbox: null,
      givesParts: false,
      open: once(
        async () => incomingOf(response, 0, upstream.body(response, url)),
        upstream.source(request.url, request.headers),
      ),
    };
    const { download, kept } = await fetcher.begin(key, first, mayStore);
    const done = kept.then(async (meta) => {
      if (meta === null) {
        directory.gaveUp(key);
        return;
      }
      await directory.holds(await cache.addKeys(meta, [key], { [key.digest]: facts }), key);
    });
    done.catch((error: unknown) => {
      asError(error);
      directory.gaveUp(key);
    });
    return { kind: 'coming', download, facts, done };
  }

  /** What was answered to one with credentials is known to those alone who have the same. */
  #keyOf({ url, variant }: AddressRequest): ContentKey {
    const identity = this.#ports.upstream.identityFor(url);
    return urlKey(url.href, identity === '' ? variant : `${variant} ${identity}`);
  }

  async #local(key: ContentKey): Promise<KnownAnswer | null> {
    const meta = await this.#ports.cache.find(key);
    const facts = meta?.answers[key.digest];
    return meta === null || facts === undefined ? null : { meta, facts };
  }

  #counts(facts: AddressFacts, request: AddressRequest): boolean {
    return doesFor(facts, request, this.#ports.clock.wallMs());
  }
}

function toldOf(answered: Answered): Promise<unknown> | null {
  if (answered.kind === 'coming') return answered.done;
  return answered.kind === 'passed' ? null : (answered.told ?? null);
}

/** The answer that is there already, and after it `then`. */
function once(first: () => ReturnType<Source['open']>, then: Source): Source['open'] {
  let isUsed = false;
  return (from, before, signal) => {
    if (isUsed) {
      if (from > 0)
        throw new TanistError('key-not-found', `${then.name} broke off; the answer may be another by now`);
      return then.open(from, before, signal);
    }
    isUsed = true;
    return first();
  };
}
