import { Agent as HttpAgent } from 'node:http';
import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DependencyRegistry, SandboxFacts } from '../../ports/dependency-registry.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { ObjectCache } from '../cache/object-cache.ts';
import { authorizationFor, type NpmConfig } from '../npm/npm-config.ts';
import { RegistryFace } from '../npm/registry-face.ts';
import { RequestLog } from '../pre-cache/request-log.ts';
import { ForwardProxy } from '../proxy/forward-proxy.ts';
import { type ProxyRule, ProxyRules } from '../proxy/rules.ts';
import { Tunnels } from '../proxy/tunnels.ts';
import { openOnce } from '../transfer/http-open.ts';
import { type PeerFacts, Peers } from '../transfer/peers.ts';
import { directly, Routes } from '../transfer/routes.ts';
import { Upstream } from '../transfer/upstream.ts';
import { type UseReport, type WatchedUse, watchUse } from '../watch/watch-use.ts';
import { AddressFetcher } from './address-fetcher.ts';
import { downloadAhead } from './ahead.ts';
import { Directory } from './directory.ts';
import { type Address, listen } from './listening.ts';
import { type AgentCounts, newCounts } from './meter.ts';
import { ObjectFetcher } from './object-fetcher.ts';
import { PeerFace } from './peer-face.ts';

export interface AgentOptions {
  readonly id: string;
  readonly application: string;
  readonly zone: string;
  readonly cacheFolder: string;
  readonly cacheBytes: number;
  /** Of the sandbox alone: whoever reaches it can ask with this machine's credentials. */
  readonly listen: Address;
  /** Of the other agents. */
  readonly peerListen: Address;
  /** `host:port` under which others reach `peerListen`; null: as it was bound. */
  readonly advertise: string | null;
  readonly rules: readonly ProxyRule[];
  readonly leaseTtlMs: number;
  readonly metadataTtlMs: number;
  readonly metadataFromPeers: boolean;
  /** A larger object is passed on without being kept. */
  readonly mostStoredBytes: number;
  /** A larger one is refused. */
  readonly mostObjectBytes: number;
  /** A peer that gives nothing for so long is left. */
  readonly stallMs: number;
  /** Room for what is downloaded ahead and was not asked for yet; 0: nothing is. */
  readonly preCacheBytes: number;
  /** A folder whose files' use is reported; null: none. */
  readonly watch: string | null;
  readonly upstreamHeadMs: number;
  readonly upstreamStallMs: number;
}

export const agentDefaults = {
  application: 'default',
  zone: '',
  cacheBytes: 10 * 1024 ** 3,
  listen: { host: '127.0.0.1', port: 0 },
  peerListen: { host: '127.0.0.1', port: 0 },
  advertise: null,
  rules: [],
  leaseTtlMs: 10_000,
  metadataTtlMs: 60_000,
  metadataFromPeers: true,
  mostStoredBytes: 4 * 1024 ** 3,
  mostObjectBytes: 64 * 1024 ** 3,
  stallMs: 1000,
  preCacheBytes: 0,
  watch: null,
  upstreamHeadMs: 30_000,
  upstreamStallMs: 30_000,
} as const satisfies Partial<AgentOptions>;

export interface AgentPorts {
  readonly registry: DependencyRegistry;
  readonly npm: NpmConfig;
  readonly clock: Clock;
  /** A line for people. */
  readonly say: (text: string) => void;
  /** Where requests are logged, and plans to download ahead are found; null: neither. */
  readonly state?: StateClient | null;
}

export interface AgentStats {
  readonly sandbox: SandboxFacts;
  readonly joined: boolean;
  readonly cache: {
    readonly objects: number;
    readonly bytes: number;
    readonly limitBytes: number;
    readonly evictions: number;
  };
  readonly counts: AgentCounts;
  readonly peers: readonly PeerFacts[];
  /** Of the watched folder; null: none is. */
  readonly use: UseReport | null;
}

export interface RunningAgent {
  /** The npm registry and HTTP proxy, `host:port`. */
  readonly address: string;
  readonly peerAddress: string;
  readonly face: RegistryFace;
  readonly fetcher: ObjectFetcher;
  readonly cache: ObjectCache;
  stats(): AgentStats;
  /** Ends its lease, so that nobody asks it any more; the cache stays. */
  stop(): Promise<void>;
}

const mostMetadataBytes = 256 * 1024 * 1024;
const mostGivenAtOnce = 256;
const scrubEveryMs = 6 * 3_600_000;
const arrivalMs = 30_000;

/** An agent beside a sandbox (the Dependency Mirroring Agent). Fails as the cache's folder, the ports and the registry do. */
export async function startAgent(options: AgentOptions, ports: AgentPorts): Promise<RunningAgent> {
  const { clock, npm, say } = ports;
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const counts = newCounts();
    let directory: Directory | null = null;
    const cache = await ObjectCache.open({
      folder: options.cacheFolder,
      limitBytes: options.cacheBytes,
      clock,
      onGone: (objects) => directory?.gone(objects),
    });
    undo.push(() => cache.close());
    const { upstreamHeadMs: headMs } = options;
    const { proxies, authorities, strictTls } = npm;
    const routes = new Routes({ clock, proxies, authorities, strictTls, headMs });
    undo.push(() => routes.close());
    const upstream = new Upstream({
      clock,
      credentialsFor: (url) => authorizationFor(url, npm.credentials),
      route: routes.routeFor,
      headMs,
      stallMs: options.upstreamStallMs,
    });
    const peerAgent = new HttpAgent({ keepAlive: true, maxSockets: 16 });
    undo.push(() => peerAgent.destroy());
    const peers = new Peers(clock, options.zone);

    // The peers' face is bound first: its address is what is registered.
    let peerFace: PeerFace | null = null;
    const peerServer = await listen(options.peerListen, async (request, response) => {
      if (peerFace === null) throw new TanistError('overloaded', 'this agent is starting');
      await peerFace.handle(request, response);
    });
    undo.push(() => peerServer.close());
    const self: SandboxFacts = {
      id: options.id,
      address: options.advertise ?? peerServer.address,
      application: options.application,
      zone: options.zone,
      instance: cache.instance,
    };
    const own = new Directory({
      registry: ports.registry,
      self,
      clock,
      ttlMs: options.leaseTtlMs,
      held: () => cache.all(),
      say,
    });
    directory = own;
    const { mostStoredBytes, mostObjectBytes: mostBytes, stallMs } = options;
    const fetcher = new ObjectFetcher({
      cache,
      directory: own,
      peers,
      clock,
      counts,
      route: directly(peerAgent),
      mostStoredBytes,
      mostBytes,
      stallMs,
      say,
    });
    undo.push(() => fetcher.cancelAll());
    const addresses = new AddressFetcher({
      cache,
      directory: own,
      fetcher,
      upstream,
      clock,
      counts,
      arrival: async ({ address }, key, signal) => {
        const url = new URL(`http://${address}/v1/arrivals/${key.algorithm}/${key.digest}`);
        const answer = await openOnce(url, {
          clock,
          signal,
          route: directly(peerAgent),
          headMs: arrivalMs,
        }).catch(() => null);
        answer?.resume();
      },
    });
    const { state = null } = ports;
    const log =
      state === null
        ? null
        : new RequestLog({
            state,
            clock,
            application: options.application,
            sandbox: options.id,
            sizeOf: ({ key }) => (key === null ? 0 : cache.sizeOf(key)),
            say,
          });
    let base = '';
    const face = new RegistryFace(
      {
        npm,
        base: () => base,
        metadataTtlMs: options.metadataTtlMs,
        metadataFromPeers: options.metadataFromPeers,
        mostMetadataBytes,
      },
      {
        addresses,
        fetcher,
        cache,
        upstream,
        asked: ({ name, file, facts }) =>
          log?.asked({ path: `${name}/-/${file}`, key: facts.keys[0] ?? null, sizeBytes: 0 }),
      },
    );
    const rules = new ProxyRules(options.rules);
    const proxy = new ForwardProxy({ addresses, fetcher, cache, upstream, rules, asked: () => undefined });
    const tunnels = new Tunnels({
      clock,
      allows: (target) => rules.actionFor(`connect://${target}`) === 'tunnel',
      connect: (host, port) => routes.connect(host, port),
    });
    let watching: WatchedUse | null = null;
    const stats = (): AgentStats => ({
      sandbox: self,
      joined: own.joined,
      cache: {
        objects: cache.count,
        bytes: cache.bytes,
        limitBytes: cache.limitBytes,
        evictions: cache.evictions,
      },
      counts: { ...counts, aheadWastedBytes: cache.evictedAheadBytes },
      peers: peers.list(),
      use: watching?.report() ?? null,
    });
    peerFace = new PeerFace({
      clock,
      cache,
      fetcher,
      counts,
      mostAtOnce: mostGivenAtOnce,
      stats,
      arrival: (key) => addresses.arrival(key),
    });
    const sandboxServer = await listen(options.listen, async (request, response, signal) => {
      counts.requests++;
      try {
        if (/^https?:/i.test(request.url ?? '')) await proxy.handle(request, response, signal);
        else await face.handle(request, response, signal);
      } catch (error) {
        counts.failures++;
        throw error;
      }
    });
    sandboxServer.server.on('connect', (request, socket, head) => void tunnels.open(request, socket, head));
    undo.push(() => {
      tunnels.close();
      return sandboxServer.close();
    });
    base = `http://${sandboxServer.address}`;
    await own.start();
    undo.push(() => own.stop());
    const ending = new AbortController();
    undo.push(() => ending.abort());
    undo.push(() => log?.stop());
    if (state !== null && options.preCacheBytes > 0) {
      const { id: sandbox, preCacheBytes: budgetBytes } = options;
      void downloadAhead({ state, clock, cache, face, fetcher, sandbox, budgetBytes, say }, ending.signal);
    }
    if (options.watch !== null)
      watching = await watchUse(
        options.watch,
        { clock, say, used: (name) => log?.used(name) },
        ending.signal,
      );
    const scrub = startScrubs(cache, clock, say);
    undo.push(scrub);
    return {
      address: sandboxServer.address,
      peerAddress: peerServer.address,
      face,
      fetcher,
      cache,
      stats,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads all objects again and again, a little at a time. */
function startScrubs(cache: ObjectCache, clock: Clock, say: (text: string) => void): () => void {
  let stopped = false;
  let timer = clock.after(scrubEveryMs, () => void scrub());
  const pause = (): Promise<void> => new Promise((resolve) => void clock.after(50, resolve));
  const scrub = async (): Promise<void> => {
    const { damaged } = await cache.scrub(async () => {
      if (!stopped) await pause();
    });
    if (damaged > 0) say(`${damaged} objects of the cache were damaged and are gone`);
    if (!stopped) timer = clock.after(scrubEveryMs, () => void scrub());
  };
  return () => {
    stopped = true;
    timer.cancel();
  };
}
