import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ContentKey, Holding } from '../../ports/dependency-registry.ts';
import type { Directory } from '../agent/directory.ts';
import type { AgentCounts } from '../agent/meter.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { StagedFile } from '../cache/object-files.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';
import { keyText } from '../content-key.ts';
import { AnswerStatus } from '../outside/answer-status.ts';
import type { RouteFor } from '../outside/routes.ts';
import { Download, type Finished } from '../transfer/download.ts';
import { peerSource } from '../transfer/peer-source.ts';
import type { Peers } from '../transfer/peers.ts';
import type { Source } from '../transfer/source.ts';
import { Spool } from '../transfer/spool.ts';

export interface FetcherPorts {
  readonly cache: ObjectCache;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly counts: AgentCounts;
  /** To other agents. */
  readonly route: RouteFor;
  /** Larger objects are passed on and not kept. */
  readonly mostStoredBytes: number;
  /** Larger ones are refused. */
  readonly mostBytes: number;
  readonly stallMs: number;
  readonly say: (text: string) => void;
}

export interface ObjectRequest {
  /** Digests of the content, the one that others look it up by first. */
  readonly keys: readonly ContentKey[];
  readonly upstream: Source | null;
  /** What else it is to be found under here; says nothing about its bytes. */
  readonly names?: readonly ContentKey[];
  /** Not asked for by the sandbox: by the pre-cache. */
  readonly ahead?: boolean;
  /** Who is known to hold it, without asking. */
  readonly holdings?: readonly Holding[];
}

type Cached = { readonly kind: 'cached'; readonly meta: ObjectMeta };

export type Served =
  | Cached
  | { readonly kind: 'coming'; readonly download: Download; readonly kept: Promise<ObjectMeta | null> };

interface Running {
  readonly download: Download;
  readonly kept: Promise<ObjectMeta | null>;
}

/** A pause between two attempts upstream, at most; of a host that asks for more the sandbox is told so. */
const longestPauseMs = 3000;
const lingerMs = 250;
/** Given up of the cache when the disk is full. */
const roomBytes = 64 * 1024 * 1024;

/** Objects by content: from the cache, from what is coming already, from peers, from upstream, in this order. */
export class ObjectFetcher {
  readonly #ports: FetcherPorts;
  readonly #running = new Map<string, Running>();
  readonly #starting = new Map<string, Promise<Running>>();

  constructor(ports: FetcherPorts) {
    this.#ports = ports;
  }

  /** What is on its way under this key; for other agents. */
  coming(key: ContentKey): Download | null {
    return this.#running.get(keyText(key))?.download ?? null;
  }

  async object(request: ObjectRequest): Promise<Served> {
    const here = await this.held(request.keys, request.ahead);
    return here ?? { kind: 'coming', ...(await this.#start(request)) };
  }

  /** From the cache alone; null: it is not there. */
  async held(keys: readonly ContentKey[], ahead = false): Promise<Cached | null> {
    const { cache, counts } = this.#ports;
    for (const key of keys) {
      const meta = await cache.find(key);
      if (meta === null) continue;
      if (!ahead) {
        counts.localHits++;
        counts.localBytes += meta.size;
        if (cache.takeAhead(meta.sha256)) {
          counts.aheadUsedObjects++;
          counts.aheadUsedBytes += meta.size;
        }
      }
      return { kind: 'cached', meta };
    }
    return null;
  }

  /** Bytes from a source that is open already, of which no digest is known; `name` is an address. */
  async begin(name: ContentKey, upstream: Source, store: boolean): Promise<Running> {
    return this.#run({ keys: [name], upstream }, [], null, store);
  }

  cancelAll(): void {
    for (const { download } of this.#running.values())
      download.cancel(new TanistError('cancelled', 'the agent stops'));
  }

  #start(request: ObjectRequest): Promise<Running> {
    const [first] = request.keys;
    if (first === undefined)
      return Promise.reject(new TanistError('invalid-argument', 'an object without a key'));
    const name = keyText(first);
    const running = this.#running.get(name);
    if (running?.download.isWhole === true) return Promise.resolve(running);
    const there = this.#starting.get(name);
    if (there !== undefined) return there;
    const started = this.#lookUpAndRun(request, first).finally(() => this.#starting.delete(name));
    this.#starting.set(name, started);
    return started;
  }

  async #lookUpAndRun(request: ObjectRequest, key: ContentKey): Promise<Running> {
    const { directory } = this.#ports;
    if (request.holdings !== undefined) return this.#run(request, request.holdings, null, true);
    const claim = await directory.claim(key);
    const holdings = claim?.claimed === false ? claim.holdings : [];
    return this.#run(request, holdings, claim?.claimed === true ? key : null, true);
  }

  #run(
    request: ObjectRequest,
    holdings: readonly Holding[],
    claimed: ContentKey | null,
    store: boolean,
  ): Running {
    const { peers, counts, say, clock, stallMs, route, mostBytes } = this.#ports;
    const [first] = request.keys;
    const name = first === undefined ? '' : keyText(first);
    const key = first ?? { algorithm: 'sha256', digest: '' };
    const liars = new Set<string>();
    const staged: StagedFile[] = [];
    const sizes = holdings.flatMap((holding) => (holding.state === 'held' ? [holding.size] : []));
    let lastError: Error | null = null;
    const tried = new Set<string>();
    let announced = claimed;
    /** Those that announced it and did not give it. */
    const mute = new Set<string>();
    const sourcesOf = (found: readonly Holding[]): readonly Source[] =>
      peers.order(found.filter(({ sandbox }) => !liars.has(sandbox))).map((holding) => {
        if (holding.state === 'held') tried.add(holding.sandbox);
        return peerSource(holding, key, { clock, peers, route, stallMs });
      });
    const download = new Download(
      { keys: request.keys, sizeBytes: sizes[0] ?? null, mostBytes },
      {
        peers: () => sourcesOf(holdings),
        morePeers: async () => {
          if (request.holdings !== undefined) return [];
          const [now = []] = await this.#ports.directory.lookup([key]);
          const held = now.filter(({ sandbox, state }) => state === 'held' && !tried.has(sandbox));
          const over = now.find(({ sandbox, state }) => state === 'fetching' && mute.has(sandbox))?.sandbox;
          if (held.length > 0 || over === undefined) return sourcesOf(held);
          // One of those that followed it takes its place, and the others follow that one.
          const claim = await this.#ports.directory.claim(key, { over });
          if (claim?.claimed === true) announced = key;
          return claim?.claimed === false
            ? sourcesOf(claim.holdings.filter(({ sandbox }) => !tried.has(sandbox) && !mute.has(sandbox)))
            : [];
        },
        upstream: request.upstream,
        clock,
        stallMs,
        spool: () => this.#spool(staged, store),
        failed: (source, error) => {
          lastError = error;
          if (source.sandbox === null) return;
          counts.peerFailures++;
          const fetching = holdings.some(
            (each) => each.sandbox === source.sandbox && each.state === 'fetching',
          );
          const isGone = error instanceof TanistError && error.code === 'key-not-found';
          if (fetching && !isGone) mute.add(source.sandbox);
          if (!fetching && !isGone) peers.silent(source.sandbox);
        },
        lied: (source) => {
          if (source.sandbox === null) return;
          counts.mismatches++;
          liars.add(source.sandbox);
          peers.lied(source.sandbox);
          say(`${source.name} sent wrong bytes for ${name}; it is not asked again for a while`);
        },
        received: (source, bytes) => {
          if (source.sandbox === null) counts.upstreamBytes += bytes;
          else counts.peerBytes += bytes;
        },
        pause: async (attempt) => {
          const asked = lastError instanceof AnswerStatus ? lastError.retryAfterMs : 0;
          if (asked > longestPauseMs) return false;
          const delayMs = Math.min(longestPauseMs, Math.max(asked, 100 * 4 ** (attempt - 1)));
          await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
          return true;
        },
      },
    );
    const kept = this.#keep(download, staged, request, () => announced).finally(() => {
      if (this.#running.get(name)?.download === download) this.#running.delete(name);
    });
    kept.catch(() => undefined);
    const running = { download, kept };
    this.#running.set(name, running);
    return running;
  }

  /** Resolves to the object, or null where it is not kept. */
  async #keep(
    download: Download,
    staged: readonly StagedFile[],
    request: ObjectRequest,
    announced: () => ContentKey | null,
  ): Promise<ObjectMeta | null> {
    const { cache, directory, counts, say } = this.#ports;
    let finished: Finished | null = null;
    let meta: ObjectMeta | null = null;
    try {
      finished = await download.finished;
      const file = staged.at(-1);
      if (finished.spool.notStored === null && file !== undefined) {
        meta = await cache.adopt(
          file,
          { ...finished, keys: [...finished.keys, ...namesOf(request)] },
          request.ahead,
        );
        if (request.ahead === true) {
          counts.aheadObjects++;
          counts.aheadBytes += meta.size;
        }
        // Of an address it is registered together with what that answered.
        if (request.keys.some(({ algorithm }) => algorithm !== 'url')) void directory.holds(meta);
      } else {
        counts.notStored++;
        if (isFull(finished.spool.notStored)) await cache.makeRoom(roomBytes);
        say(
          `${request.keys.map(keyText)[0]} is passed on and not kept: ${finished.spool.notStored?.message}`,
        );
      }
      return meta;
    } catch (error) {
      if (finished === null) throw error;
      // It could be read, but not taken in: a full disk.
      counts.notStored++;
      say(`an object could not be kept: ${asError(error).message}`);
      return null;
    } finally {
      const claimed = announced();
      if (meta === null && claimed !== null) directory.gaveUp(claimed);
      void this.#tidy(staged, finished);
    }
  }

  /** Files stay open while somebody reads, or was just told that he may. */
  async #tidy(staged: readonly StagedFile[], finished: Finished | null): Promise<void> {
    if (finished !== null)
      await new Promise<void>((resolve) => void this.#ports.clock.after(lingerMs, resolve));
    while (finished !== null && finished.spool.readers > 0) await finished.spool.changed();
    for (const file of staged) await this.#ports.cache.discard(file);
  }

  async #spool(staged: StagedFile[], store: boolean): Promise<Spool> {
    const { cache, mostStoredBytes } = this.#ports;
    if (!store) return new Spool(null, 0);
    try {
      const file = await cache.stage();
      staged.push(file);
      return new Spool(file.handle, mostStoredBytes, file.reserve);
    } catch {
      return new Spool(null, 0);
    }
  }
}

const isFull = (error: Error | null): boolean =>
  error !== null && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

const namesOf = ({ keys, names = [] }: ObjectRequest): readonly ContentKey[] => [
  ...keys.filter(({ algorithm }) => algorithm === 'url'),
  ...names,
];
