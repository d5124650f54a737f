import { Agent as HttpAgent } from 'node:http';
import type { Directory } from '../agent/directory.ts';
import type { AgentCounts } from '../agent/meter.ts';
import type { AgentOptions, AgentPorts } from '../agent/options.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { authorizationFor } from '../npm/npm-config.ts';
import { openOnce } from '../outside/http-open.ts';
import { Identities } from '../outside/identities.ts';
import { directly, Routes } from '../outside/routes.ts';
import { Upstream } from '../outside/upstream.ts';
import { Peers } from '../transfer/peers.ts';
import { AddressFetcher, type AddressPorts } from './address-fetcher.ts';
import { ObjectFetcher } from './object-fetcher.ts';

/** All that objects come from: the cache, other agents, the world outside. */
export interface Fetching {
  readonly fetcher: ObjectFetcher;
  readonly addresses: AddressFetcher;
  readonly upstream: Upstream;
  readonly routes: Routes;
  readonly peers: Peers;
  /** Ends what is under way, and all connections. */
  close(): void;
}

interface Own {
  readonly cache: ObjectCache;
  readonly directory: Directory;
  readonly counts: AgentCounts;
}

const arrivalMs = 30_000;
const mostSocketsPerPeer = 16;

export function openFetching(options: AgentOptions, ports: AgentPorts, own: Own): Fetching {
  const { clock, npm, say } = ports;
  const { upstreamHeadMs: headMs, mostStoredBytes, mostObjectBytes: mostBytes, stallMs } = options;
  const { proxies, authorities, strictTls } = npm;
  const routes = new Routes({ clock, proxies, authorities, strictTls, headMs });
  const identities = new Identities();
  const upstream = new Upstream({
    clock,
    credentialsFor: (url) => authorizationFor(url, npm.credentials),
    identityFor: (url) => identities.of(authorizationFor(url, npm.credentials)),
    route: routes.routeFor,
    headMs,
    stallMs: options.upstreamStallMs,
  });
  const peerAgent = new HttpAgent({ keepAlive: true, maxSockets: mostSocketsPerPeer });
  const route = directly(peerAgent);
  const peers = new Peers(clock, options.zone);
  const limits = { mostStoredBytes, mostBytes, stallMs };
  const fetcher = new ObjectFetcher({ ...own, ...limits, peers, clock, route, say });
  const arrival: AddressPorts['arrival'] = async ({ address }, key, signal) => {
    const url = new URL(`http://${address}/v1/arrivals/${key.algorithm}/${key.digest}`);
    const asked = openOnce(url, { clock, signal, route, headMs: arrivalMs });
    (await asked.catch(() => null))?.resume();
  };
  const addresses = new AddressFetcher({ ...own, fetcher, upstream, clock, arrival });
  return {
    fetcher,
    addresses,
    upstream,
    routes,
    peers,
    close: () => {
      addresses.close();
      fetcher.cancelAll();
      peerAgent.destroy();
      routes.close();
    },
  };
}
