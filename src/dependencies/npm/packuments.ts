import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { sha256Key } from '../content-key.ts';
import type { AddressFetcher, Answered } from '../fetch/address-fetcher.ts';
import type { AddressRequest } from '../fetch/address-request.ts';
import { collect } from '../http/reply.ts';
import { AnswerStatus, expectStatus } from '../outside/answer-status.ts';
import { decoded } from './content-encoding.ts';
import { KeptPackuments } from './kept-packuments.ts';
import { registryFor } from './npm-config.ts';
import { versionIn } from './package-path.ts';
import { type RewrittenPackument, rewritePackument, type TarballFacts } from './packument.ts';
import { type MetadataOptions, packumentRequest } from './packument-request.ts';
import { Refusals } from './refusals.ts';
import { Turns } from './turns.ts';

export interface PackumentOptions extends MetadataOptions {
  /** Where this agent listens, without a `/` at the end: for requests that do not say where they were sent. */
  readonly base: () => string;
  readonly mostMetadataBytes: number;
}

export interface PackumentPorts {
  readonly addresses: AddressFetcher;
  readonly cache: ObjectCache;
  readonly clock: Clock;
}

interface Running {
  readonly found: Promise<FoundPackument>;
  /** Of who asked first. */
  readonly signal: AbortSignal;
}

export interface FoundPackument {
  readonly packument: RewrittenPackument;
  readonly contentType: string;
  readonly etag: string;
  /** Upstream did not answer: it is what it said before. */
  readonly isStale: boolean;
}

const mostPackuments = 256;
const tooLargeMs = 60_000;
/** Metadata beyond it waits for its turn to be read and rewritten, which takes some ten times its size of memory. */
const largeBytes = 1024 * 1024;
/** What unfolds to more than that waits for its turn, too, however little came. */
const mostUnfoldedBytes = 16 * 1024 * 1024;
/** Metadata of the largest packages has some 30 MB. */
const mostPlainBytes = 512 * 1024 * 1024;
const mostLargeAtOnce = 2;
const mostLargeWaiting = 256;
/** Whoever waits holds up the download for those who have their turn, where its bytes are kept nowhere. */
const longestWaitMs = 20_000;

/** Packages' metadata: as the registry has it, with the addresses of tarballs led here. */
export class Packuments {
  readonly #options: PackumentOptions;
  readonly #ports: PackumentPorts;
  /** By the address that they lead to, name and digest. */
  readonly #rewritten = new KeptPackuments();
  readonly #tarballs = new Map<string, ReadonlyMap<string, TarballFacts>>();
  /** Registries that give the whole metadata of a package alone. */
  readonly #withoutVersions = new Set<string>();
  /** What there is too much of, by what was asked for. */
  readonly #refused: Refusals;
  /** What is being answered, by what was asked for and where it leads. */
  readonly #running = new Map<string, Running>();
  readonly #large: Turns;

  constructor(options: PackumentOptions, ports: PackumentPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#refused = new Refusals(ports.clock);
    this.#large = new Turns(ports.clock, mostLargeAtOnce, mostLargeWaiting, longestWaitMs);
  }

  /** Where a tarball comes from and what its bytes are; null: the package has none of that name. */
  async tarballFacts(name: string, file: string, signal: AbortSignal): Promise<TarballFacts | null> {
    // A version that was published does not change, so what was seen of it in any metadata counts.
    const seen = this.#tarballs.get(name)?.get(file);
    if (seen !== undefined) return seen;
    const told = await this.#ofVersion(name, file, signal);
    if (told !== null && told !== 'refused') return told;
    const { packument } = await this.get(name, '', true, signal);
    const found = packument.tarballs.get(file) ?? null;
    // It lists what it does not give by itself: it is asked for that no more.
    if (found !== null && told === 'refused') this.#withoutVersions.add(this.#registry(name));
    return found;
  }

  hasSeen(name: string, file: string): boolean {
    return this.#tarballs.get(name)?.has(file) === true;
  }

  /** As an installation from a lock file needs it: some hundred bytes of one version, where nobody has the whole, which may be megabytes. */
  async #ofVersion(
    name: string,
    file: string,
    signal: AbortSignal,
  ): Promise<TarballFacts | 'refused' | null> {
    const version = versionIn(name, file);
    if (version === null) return null;
    const one = packumentRequest(this.#options, name, `/${version}`, true);
    const all = [
      packumentRequest(this.#options, name, '', true),
      packumentRequest(this.#options, name, '', false),
    ];
    const known = await this.#ports.addresses.known([one, ...all]);
    if (known === null ? this.#withoutVersions.has(this.#registry(name)) : known !== one) return null;
    try {
      const { packument } = await this.get(name, `/${version}`, true, signal);
      return packument.tarballs.get(file) ?? null;
    } catch (error) {
      return error instanceof AnswerStatus && error.code === 'key-not-found' ? 'refused' : null;
    }
  }

  /**
   * `below`: empty, or `/` and a version or tag; `base`: where the asker reaches this agent. Fails as upstream does, and as `upstream-failed` where that sends
   * something else.
   */
  async get(
    name: string,
    below: string,
    isShort: boolean,
    signal: AbortSignal,
    base = this.#options.base(),
  ): Promise<FoundPackument> {
    const asked = `${name}${below} ${isShort}`;
    this.#refused.check(asked);
    const key = `${base} ${asked}`;
    const running = this.#running.get(key);
    if (running !== undefined)
      try {
        return await running.found;
      } catch (error) {
        // Whoever asked first has left.
        if (!running.signal.aborted || signal.aborted) throw error;
        return await this.get(name, below, isShort, signal, base);
      }
    const found = this.#getOrRefuse(asked, name, below, isShort, signal, base).finally(() =>
      this.#running.delete(key),
    );
    this.#running.set(key, { found, signal });
    return await found;
  }

  async #getOrRefuse(
    asked: string,
    name: string,
    below: string,
    isShort: boolean,
    signal: AbortSignal,
    base: string,
  ): Promise<FoundPackument> {
    try {
      return await this.#get(name, below, isShort, signal, base);
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
      if (error.code !== 'value-too-large') throw error;
      const said = this.#tooLarge(name, error);
      this.#refused.keep(asked, said, tooLargeMs);
      throw said;
    }
  }

  #tooLarge(name: string, cause: TanistError): TanistError {
    const { npm, mostMetadataBytes } = this.#options;
    const { host } = registryFor(npm, name);
    return new TanistError(
      'value-too-large',
      `the metadata of ${name} at ${host} is larger than ${mostMetadataBytes} bytes, the most that an agent leads to itself; install it from ${host} directly`,
      { cause },
    );
  }

  async #get(
    name: string,
    below: string,
    isShort: boolean,
    signal: AbortSignal,
    base: string,
  ): Promise<FoundPackument> {
    const full = packumentRequest(this.#options, name, below, false);
    const short = packumentRequest(this.#options, name, below, true);
    // The short form is a part of the full one: where somebody has that one, it does for both.
    const request = isShort ? ((await this.#ports.addresses.known([short, full])) ?? short) : full;
    const answered = await this.#ports.addresses.get(request, signal);
    const turns: (() => void)[] = [];
    try {
      return await this.#rewrite(name, below, base, request, answered, turns);
    } finally {
      for (const end of turns) end();
    }
  }

  /** `turns`: what is entered, to be ended by the caller. */
  async #rewrite(
    name: string,
    below: string,
    base: string,
    request: AddressRequest,
    answered: Answered,
    turns: (() => void)[],
  ): Promise<FoundPackument> {
    const { bytes, sha256, facts, isStale } = await this.#whole(answered, request.url, turns);
    const known = `${base} ${name}${below} ${sha256}`;
    let packument = this.#rewritten.get(known);
    if (packument === undefined) {
      const sent = bytes ?? (await this.#stored(sha256, turns));
      const plain = await this.#plain(sent, facts.contentEncoding, turns);
      try {
        packument = rewritePackument(name, plain.toString('utf8'), base);
      } catch (error) {
        // Not to be given again to whoever asks next.
        if (answered.kind === 'coming') await answered.done;
        await this.#ports.cache.remove(sha256);
        throw error;
      }
    }
    this.#rewritten.keep(known, packument);
    if (below === '') this.#keepTarballs(name, packument.tarballs);
    const contentType = facts.contentType === '' ? 'application/json' : facts.contentType;
    return { packument, contentType, etag: `"${sha256.slice(0, 32)}"`, isStale };
  }

  #registry(name: string): string {
    return registryFor(this.#options.npm, name).href;
  }

  async #stored(sha256: string, turns: (() => void)[]): Promise<Buffer> {
    const { cache } = this.#ports;
    const meta = await cache.find(sha256Key(sha256));
    if (meta === null) throw new TanistError('upstream-failed', 'stored metadata was damaged; ask again');
    return await this.#collect(cache.read(meta), turns);
  }

  /** Metadata is read as a whole, since it is rewritten; `bytes` null: it is in the cache. */
  async #whole(answered: Answered, url: URL, turns: (() => void)[]) {
    if (answered.kind === 'missing') throw new AnswerStatus(url, 404, 0);
    if (answered.kind === 'passed') {
      expectStatus(answered.response, url, 200);
      throw new TanistError('upstream-failed', `${url.host} answers in a way that is not understood`);
    }
    if (answered.kind === 'cached') {
      const { meta, facts, isStale } = answered;
      return { bytes: null, sha256: meta.sha256, facts, isStale };
    }
    const bytes = await this.#collect(answered.download.read(), turns);
    const { sha256 } = await answered.download.finished;
    return { bytes, sha256, facts: answered.facts, isStale: false };
  }

  /** As it was before `content-encoding`. What unfolds to much waits for its turn before it does. */
  async #plain(sent: Buffer, encoding: string, turns: (() => void)[]): Promise<Buffer> {
    const plain = turns.length > 0 ? null : await decoded(sent, encoding, mostUnfoldedBytes);
    if (plain !== null) return plain;
    if (turns.length === 0) turns.push(await this.#large.enter());
    const large = await decoded(sent, encoding, mostPlainBytes);
    if (large !== null) return large;
    throw new TanistError(
      'upstream-failed',
      `metadata came that unfolds to more than ${mostPlainBytes} bytes`,
    );
  }

  /** What turns out to be large waits for its turn before the rest of it is taken into memory. */
  async #collect(chunks: AsyncIterable<Uint8Array>, turns: (() => void)[]): Promise<Buffer> {
    const enter = (): Promise<() => void> => this.#large.enter();
    async function* inTurn(): AsyncGenerator<Uint8Array, void, undefined> {
      let size = 0;
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > largeBytes && turns.length === 0) turns.push(await enter());
        yield chunk;
      }
    }
    return await collect(inTurn(), this.#options.mostMetadataBytes);
  }

  #keepTarballs(name: string, tarballs: ReadonlyMap<string, TarballFacts>): void {
    this.#tarballs.delete(name);
    this.#tarballs.set(name, tarballs);
    const [oldest] = this.#tarballs.keys();
    if (this.#tarballs.size > mostPackuments && oldest !== undefined) this.#tarballs.delete(oldest);
  }
}
