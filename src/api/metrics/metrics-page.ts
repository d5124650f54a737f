import { Counter, Gauge, Registry } from 'prom-client';
import type { ServedNode } from '../../node/served-node.ts';
import type { EtcdServices } from '../etcd/etcd-services.ts';
import { type Route, reply } from '../http/route.ts';
import { DurationsMetric } from './durations-metric.ts';
import { etcdReadings } from './etcd-readings.ts';
import { LeadershipWatch } from './leadership-watch.ts';
import { learningReadings } from './learning-readings.ts';
import { predictionReadings } from './prediction-readings.ts';
import { readProcess } from './process-reading.ts';
import type { Reading, Scrape } from './reading.ts';
import { processReadings, replicaReadings, tanistReadings } from './tanist-readings.ts';

/** `/metrics` for Prometheus. Everything is read when somebody asks: between two scrapes it costs nothing. */
export class MetricsPage {
  readonly route: Route;
  readonly #node: ServedNode;
  readonly #etcd: EtcdServices;
  readonly #leadership: LeadershipWatch;
  readonly #registry = new Registry();
  readonly #shown: readonly (readonly [Reading, Gauge | Counter])[];
  readonly #more: (() => Promise<string>)[] = [];
  readonly #syncs: DurationsMetric;
  readonly #roundTrips: DurationsMetric;

  constructor(node: ServedNode, etcd: EtcdServices) {
    this.#node = node;
    this.#etcd = etcd;
    this.#leadership = new LeadershipWatch(node);
    this.#shown = [
      ...etcdReadings,
      ...tanistReadings,
      ...replicaReadings,
      ...predictionReadings,
      ...learningReadings,
      ...processReadings,
    ].map((reading) => {
      const { name, help, type, labels } = reading;
      const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
      return [reading, type === 'gauge' ? new Gauge(options) : new Counter(options)];
    });
    const wal = 'etcd_disk_wal_fsync_duration_seconds';
    this.#syncs = new DurationsMetric(wal, 'Synced appends to the log', null, this.#registry);
    const peers = 'etcd_network_peer_round_trip_time_seconds';
    this.#roundTrips = new DurationsMetric(peers, 'Round trips to peers', 'To', this.#registry);
    this.route = (_, response) =>
      void this.#page().then(
        (text) => reply(response, 200, this.#registry.contentType, text),
        (error: unknown) => reply(response, 500, 'text/plain', `metrics cannot be read: ${String(error)}\n`),
      );
  }

  /** Metrics of a part of this process that keeps its own. One that cannot be read now is left out: the node's are worth more when something fails. */
  alsoShow(metrics: () => Promise<string>): void {
    this.#more.push(metrics);
  }

  close(): void {
    this.#leadership.close();
  }

  async #page(): Promise<string> {
    const node = this.#node;
    const { face, calls } = this.#etcd;
    const [gauges, sizes, process] = await Promise.all([
      node.gauges(),
      node.maintenance.sizes().catch(() => null),
      readProcess(),
    ]);
    const scrape: Scrape = {
      node,
      inspection: node.inspect(),
      gauges,
      sizes,
      leadership: this.#leadership,
      process,
      calls,
      memberId: face.memberId.toString(16),
    };
    for (const [reading, metric] of this.#shown) {
      metric.reset();
      for (const [labels, value] of reading.read(scrape)) {
        if (value !== null) metric.inc({ ...labels }, value);
      }
    }
    this.#syncs.show([[{}, gauges.logSyncs]]);
    this.#roundTrips.show(
      [...gauges.roundTrips].map(([id, times]) => [{ To: face.memberIdOf(id).toString(16) }, times]),
    );
    const more = this.#more.map((metrics) => metrics().catch(() => ''));
    return [await this.#registry.metrics(), ...(await Promise.all(more))].join('');
  }
}
