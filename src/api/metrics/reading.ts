import type { NodeGauges } from '../../node/gauges.ts';
import type { Sizes } from '../../node/image/maintenance.ts';
import type { NodeInspection } from '../../node/node.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { CallCounts } from '../etcd/call-counts.ts';
import type { LeadershipWatch } from './leadership-watch.ts';
import type { ProcessReading } from './process-reading.ts';

/** Everything that one scrape shows, read at one moment. */
export interface Scrape {
  readonly node: ServedNode;
  readonly inspection: NodeInspection;
  readonly gauges: NodeGauges;
  /** As `Status` of etcd's API tells them; null: not known now. */
  readonly sizes: Sizes | null;
  readonly leadership: LeadershipWatch;
  readonly process: ProcessReading;
  readonly calls: readonly CallCounts[];
  /** etcd's number of this member, in hexadecimal as etcd shows it. */
  readonly memberId: string;
}

export type Labels = Readonly<Record<string, string>>;

/** A metric: where its values come from. `null`: unknown now. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly read: (scrape: Scrape) => readonly (readonly [Labels, number | null])[];
}

type Value = (scrape: Scrape) => number | boolean | null;

export function gauge(name: string, help: string, value: Value): Reading {
  return { name, help, type: 'gauge', labels: [], read: (scrape) => [[{}, numberOf(value(scrape))]] };
}

export function counter(name: string, help: string, value: Value): Reading {
  return { name, help, type: 'counter', labels: [], read: (scrape) => [[{}, numberOf(value(scrape))]] };
}

export function labelled(
  type: Reading['type'],
  name: string,
  help: string,
  labels: readonly string[],
  read: Reading['read'],
): Reading {
  return { name, help, type, labels, read };
}

function numberOf(value: number | boolean | null): number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}
