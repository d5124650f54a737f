import { Counter, Gauge, Registry } from 'prom-client';
import type { AgentStats } from '../../dependencies/agent/options.ts';

/** What an agent beside a sandbox shows to Prometheus: read from its own counts when somebody asks. */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #set: readonly ((stats: AgentStats) => void)[] = [
    this.#counter('requests_total', 'Requests of the sandbox', ({ counts }) => counts.requests),
    this.#counter('failures_total', 'Of them those that failed', ({ counts }) => counts.failures),
    this.#counters('bytes_total', 'Bytes of objects by where they came from', 'from', ({ counts }) => ({
      cache: counts.localBytes,
      peers: counts.peerBytes,
      upstream: counts.upstreamBytes,
    })),
    this.#counter('given_bytes_total', 'Bytes given to other agents', ({ counts }) => counts.givenBytes),
    this.#counter('mismatches_total', 'Wrong bytes from peers', ({ counts }) => counts.mismatches),
    this.#counter('peer_failures_total', 'Peers that gave nothing', ({ counts }) => counts.peerFailures),
    this.#counter('revalidations_total', 'Answers upstream of 304', ({ counts }) => counts.revalidations),
    this.#counter(
      'missing_hits_total',
      'Said that there is none without asking upstream once more',
      ({ counts }) => counts.missingHits,
    ),
    this.#counter('not_stored_total', 'Objects that could not be kept', ({ counts }) => counts.notStored),
    this.#counters(
      'ahead_bytes_total',
      'Bytes downloaded ahead, and what became of them',
      'what',
      (stats) => ({
        fetched: stats.counts.aheadBytes,
        used: stats.counts.aheadUsedBytes,
        wasted: stats.counts.aheadWastedBytes,
      }),
    ),
    this.#counter(
      'evictions_total',
      'Objects that left the cache for others',
      ({ cache }) => cache.evictions,
    ),
    this.#gauge('cache_bytes', 'Bytes of objects in the cache', ({ cache }) => cache.bytes),
    this.#gauge('cache_limit_bytes', 'Room of the cache', ({ cache }) => cache.limitBytes),
    this.#gauge('cache_objects', 'Objects in the cache', ({ cache }) => cache.objects),
    this.#gauge('joined', '1: the registry knows this agent; 0: it serves alone', ({ joined }) =>
      Number(joined),
    ),
  ];

  get contentType(): string {
    return this.#registry.contentType;
  }

  async page(stats: AgentStats): Promise<string> {
    for (const set of this.#set) set(stats);
    return await this.#registry.metrics();
  }

  #counter(name: string, help: string, of: (stats: AgentStats) => number): (stats: AgentStats) => void {
    const counter = new Counter({ name: `tanist_agent_${name}`, help, registers: [this.#registry] });
    return (stats) => {
      counter.reset();
      counter.inc(of(stats));
    };
  }

  #counters(
    name: string,
    help: string,
    label: string,
    of: (stats: AgentStats) => Readonly<Record<string, number>>,
  ): (stats: AgentStats) => void {
    const facts = { name: `tanist_agent_${name}`, help, labelNames: [label], registers: [this.#registry] };
    const counter = new Counter(facts);
    return (stats) => {
      counter.reset();
      for (const [value, count] of Object.entries(of(stats))) counter.inc({ [label]: value }, count);
    };
  }

  #gauge(name: string, help: string, of: (stats: AgentStats) => number): (stats: AgentStats) => void {
    const gauge = new Gauge({ name: `tanist_agent_${name}`, help, registers: [this.#registry] });
    return (stats) => gauge.set(of(stats));
  }
}
