import { TanistError } from '../../foundation/errors.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';
import { ObjectCache } from '../cache/object-cache.ts';
import { openFetching } from '../fetch/fetching.ts';
import { listen } from '../http/listening.ts';
import { RequestLog, type RequestLogOptions } from '../pre-cache/request-log.ts';
import { type WatchedUse, watchUse } from '../watch/watch-use.ts';
import { downloadAhead } from './ahead.ts';
import { answers } from './answers.ts';
import { Directory } from './directory.ts';
import { newCounts } from './meter.ts';
import type { AgentOptions, AgentPorts, AgentStats, RunningAgent } from './options.ts';
import { PeerFace } from './peer-face.ts';
import { openSandboxFace } from './sandbox-face.ts';
import { startScrubs } from './scrubs.ts';
import { within } from './within.ts';

const mostGivenAtOnce = 256;
const farewellMs = 2000;

/** An agent beside a sandbox (the Dependency Mirroring Agent). Fails as the cache's folder, the ports and the registry do. */
export async function startAgent(options: AgentOptions, ports: AgentPorts): Promise<RunningAgent> {
  const { clock, say, state = null, metrics = null } = ports;
  const { id, application, zone, preCacheBytes: budgetBytes } = options;
  checkAdvertised(options);
  const undo: (() => Promise<void> | void)[] = [];
  /** What the cluster is told: at once, and waited for last, so that a cluster that does not answer leaves no cache unclosed. */
  const farewells: (() => Promise<void> | undefined)[] = [];
  const stop = async (): Promise<void> => {
    const said = Promise.all(farewells.splice(0).map((say) => say()));
    const told = within(clock, farewellMs, said).catch(() => undefined);
    for (const step of undo.splice(0).reverse()) await step();
    await told;
  };
  try {
    const counts = newCounts();
    let gone: Directory['gone'] = () => undefined;
    const cache = await ObjectCache.open({
      folder: options.cacheFolder,
      limitBytes: options.cacheBytes,
      clock,
      onGone: (objects) => gone(objects),
    });
    undo.push(() => cache.close());

    // The peers' face is bound first: its address is what is registered.
    let peerFace: PeerFace | null = null;
    const peerServer = await listen(options.peerListen, async (request, response) => {
      if (peerFace === null) throw new TanistError('overloaded', 'this agent is starting');
      await peerFace.handle(request, response);
    });
    undo.push(() => peerServer.close());
    const address = options.advertise ?? peerServer.address;
    const self: SandboxFacts = { id, address, application, zone, instance: cache.instance };
    const { registry } = ports;
    const directory = new Directory({
      ...{ registry, self, clock, say },
      ttlMs: options.leaseTtlMs,
      held: () => cache.all(),
      answers: (other) => answers(other, clock),
    });
    gone = (objects) => directory.gone(objects);

    const fetching = openFetching(options, ports, { cache, directory, counts });
    const { fetcher, addresses, peers } = fetching;
    undo.push(() => fetching.close());
    const sizeOf: RequestLogOptions['sizeOf'] = ({ key }) => (key === null ? 0 : cache.sizeOf(key));
    const log =
      state === null ? null : new RequestLog({ state, clock, application, sandbox: id, sizeOf, say });
    const sandboxFace = await openSandboxFace(options, ports, fetching, {
      cache,
      counts,
      asked: ({ name, file, key }) => log?.asked({ path: `${name}/-/${file}`, key, sizeBytes: 0 }),
    });
    undo.push(() => sandboxFace.close());
    let watching: WatchedUse | null = null;
    const stats = (): AgentStats => ({
      sandbox: self,
      joined: directory.joined,
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
    const arrival = addresses.arrival.bind(addresses);
    peerFace = new PeerFace({
      clock,
      cache,
      fetcher,
      counts,
      mostAtOnce: mostGivenAtOnce,
      stats,
      arrival,
      metrics,
    });
    farewells.push(() => directory.stop());
    await directory.start();

    const ending = new AbortController();
    undo.push(() => ending.abort());
    farewells.push(() => log?.stop());
    const { registry: face } = sandboxFace;
    if (state !== null && budgetBytes > 0)
      void downloadAhead(
        { state, clock, cache, face, fetcher, sandbox: id, budgetBytes, say },
        ending.signal,
      );
    if (options.watch !== null) {
      const used = (name: string | null): void => log?.used(name);
      watching = await watchUse(options.watch, { clock, say, used }, ending.signal);
    }
    undo.push(startScrubs(cache, clock, say));
    const { address: peerAddress } = peerServer;
    const { lost } = cache;
    return { address: sandboxFace.address, peerAddress, face, fetcher, cache, lost, stats, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Each machine is itself at `0.0.0.0`: registered, it would lead the others to themselves. */
function checkAdvertised({ peerListen: { host, port }, advertise }: AgentOptions): void {
  if (advertise === null && isUnspecified(host))
    throw new TanistError(
      'config-invalid',
      `--peer-listen ${host}:${port} is no address that others could ask: say how they reach it with --advertise HOST:PORT`,
    );
}

const isUnspecified = (host: string): boolean => /^(0(\.0){0,3}|[0:]*:[0:]*|::ffff:0\.0\.0\.0)$/i.test(host);
