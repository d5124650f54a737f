import { Histogram, type MetricType, type Registry } from 'prom-client';
import type { Durations } from '../../foundation/durations.ts';
import type { Labels } from './reading.ts';

/** A histogram whose counts are kept elsewhere and shown as they are. */
export class DurationsMetric extends Histogram<string> {
  readonly #own: { readonly name: string; readonly help: string };
  #shown: readonly (readonly [Labels, Durations])[] = [];

  constructor(name: string, help: string, label: string | null, registry: Registry) {
    super({ name, help, labelNames: label === null ? [] : [label], registers: [registry] });
    this.#own = { name, help };
  }

  show(values: readonly (readonly [Labels, Durations])[]): void {
    this.#shown = values;
  }

  override async get(): ReturnType<Histogram<string>['get']> {
    const { name, help } = this.#own;
    const values = this.#shown.flatMap(([labels, { bounds, counts, sumSeconds }]) => {
      let count = 0;
      const buckets = counts.map((some, i) => {
        count += some;
        return { metricName: `${name}_bucket`, value: count, labels: { ...labels, le: bounds[i] ?? '+Inf' } };
      });
      const sums = [
        { metricName: `${name}_sum`, value: sumSeconds, labels },
        { metricName: `${name}_count`, value: count, labels },
      ];
      return [...buckets, ...sums];
    });
    const type = 'histogram' as unknown as MetricType;
    return { name, help, type, aggregator: 'sum', collect: () => {}, values };
  }

  /** What the registry prints. */
  getForPromString(): ReturnType<Histogram<string>['get']> {
    return this.get();
  }
}
