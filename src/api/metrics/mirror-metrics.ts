import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FinishedLook, Mirrors, Refresher } from '../../mirrors/index.ts';

/** What a refresher shows to Prometheus. */
export class MirrorMetrics {
  readonly #registry = new Registry();
  readonly #looks = new Counter({
    name: 'tanist_mirror_looks_total',
    help: 'Looks at origins by this process',
    labelNames: ['source', 'reason', 'answer'],
    registers: [this.#registry],
  });
  readonly #found = new Counter({
    name: 'tanist_mirror_changes_total',
    help: 'Changes that they found',
    labelNames: ['source', 'reason'],
    registers: [this.#registry],
  });
  readonly #latency = new Histogram({
    name: 'tanist_mirror_origin_seconds',
    help: 'How long origins took to answer',
    labelNames: ['source'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  });
  readonly #states = new Gauge({
    name: 'tanist_mirrors',
    help: 'Mirrors by their state',
    labelNames: ['state'],
    registers: [this.#registry],
  });
  readonly #reads = new Counter({
    name: 'tanist_mirror_reads_total',
    help: 'Reads of all processes that report, by how they were answered',
    labelNames: ['hit'],
    registers: [this.#registry],
  });
  readonly #precision = new Gauge({
    name: 'tanist_mirror_prediction_precision_ratio',
    help: 'Predicted looks that found a change',
    registers: [this.#registry],
  });
  readonly #recall = new Gauge({
    name: 'tanist_mirror_prediction_recall_ratio',
    help: 'Changes that a predicted look found',
    registers: [this.#registry],
  });
  readonly #refreshers = new Gauge({
    name: 'tanist_mirror_refreshers',
    help: 'Refreshers that live',
    registers: [this.#registry],
  });
  readonly #owned = new Gauge({
    name: 'tanist_mirror_owned',
    help: "Mirrors that are this refresher's",
    registers: [this.#registry],
  });

  look({ id, reason, answer, changed, tookMs }: FinishedLook): void {
    const { source } = id;
    this.#looks.inc({ source, reason, answer });
    if (changed) this.#found.inc({ source, reason });
    this.#latency.observe({ source }, tookMs / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** As this process knows it: without a leader, too. Fails like a serializable read. */
  async page(mirrors: Mirrors, refresher: Refresher): Promise<string> {
    const health = await mirrors.health({ consistency: 'serializable' });
    this.#states.reset();
    for (const { state } of health.resources) this.#states.inc({ state });
    this.#reads.reset();
    for (const [hit, count] of Object.entries(health.hits)) this.#reads.inc({ hit }, count);
    this.#precision.set(health.precision ?? Number.NaN);
    this.#recall.set(health.recall ?? Number.NaN);
    this.#refreshers.set(health.refreshers.length);
    this.#owned.set(refresher.owned().length);
    return await this.#registry.metrics();
  }
}
