import type { ObjectCache } from '../cache/object-cache.ts';
import type { Fetching } from '../fetch/fetching.ts';
import { listen } from '../http/listening.ts';
import { RegistryFace } from '../npm/registry-face.ts';
import type { AskedItem } from '../npm/tarballs.ts';
import { ForwardProxy } from '../proxy/forward-proxy.ts';
import { ProxyRules } from '../proxy/rules.ts';
import { Tunnels } from '../proxy/tunnels.ts';
import type { AgentCounts } from './meter.ts';
import type { AgentOptions, AgentPorts } from './options.ts';

export interface SandboxFace {
  /** `host:port`, as it was bound. */
  readonly address: string;
  readonly registry: RegistryFace;
  close(): Promise<void>;
}

interface Own {
  readonly cache: ObjectCache;
  readonly counts: AgentCounts;
  readonly asked: (item: AskedItem) => void;
}

const mostMetadataBytes = 256 * 1024 * 1024;

/** What the sandbox asks, at one address: an npm registry, and a forward proxy with its tunnels. Fails as `port-taken`. */
export async function openSandboxFace(
  options: AgentOptions,
  { npm, clock }: AgentPorts,
  fetching: Fetching,
  { cache, counts, asked }: Own,
): Promise<SandboxFace> {
  const { addresses, fetcher, upstream, routes } = fetching;
  const { metadataTtlMs, metadataFromPeers } = options;
  let base = '';
  const registry = new RegistryFace(
    { npm, base: () => base, metadataTtlMs, metadataFromPeers, mostMetadataBytes },
    { addresses, fetcher, cache, upstream, asked, clock },
  );
  const rules = new ProxyRules(options.rules);
  const proxy = new ForwardProxy({ addresses, fetcher, cache, upstream, rules });
  const tunnels = new Tunnels({
    clock,
    allows: (target) => rules.actionFor(`connect://${target}`) === 'tunnel',
    connect: (host, port) => routes.connect(host, port),
  });
  const listening = await listen(options.listen, async (request, response, signal) => {
    counts.requests++;
    try {
      if (/^https?:/i.test(request.url ?? '')) await proxy.handle(request, response, signal);
      else await registry.handle(request, response, signal);
    } catch (error) {
      counts.failures++;
      throw error;
    }
  });
  listening.server.on('connect', (request, socket, head) => void tunnels.open(request, socket, head));
  base = `http://${listening.address}`;
  return {
    address: listening.address,
    registry,
    close: () => {
      tunnels.close();
      return listening.close();
    },
  };
}
