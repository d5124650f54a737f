import type { ReplicaTier } from '../ports/state-client.ts';
import type { Near } from './feeds.ts';
import type { Place } from './place.ts';

/** Where a process is, as members say it in their labels (absent: round trips alone tell who is near), and which replicas it reads. */
export interface NearOptions extends Place {
  /** Client addresses of replicas; absent: all that the cluster is known to have. */
  readonly endpoints?: readonly string[];
  /** How old what a replica holds may be, in ms. Default 5000. */
  readonly lagMs?: number;
}

export function nearOf({ zone, region, endpoints, lagMs }: NearOptions, tiers: readonly ReplicaTier[]): Near {
  const place = { ...(zone === undefined ? {} : { zone }), ...(region === undefined ? {} : { region }) };
  return { place, endpoints: endpoints ?? null, tiers, lagMs: lagMs ?? 5000 };
}
