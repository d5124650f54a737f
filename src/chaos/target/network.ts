import type { Links } from '../target.ts';

/** Where a member lives in the network, and what its process needs for it. */
export interface Place {
  readonly id: string;
  /** The address that it listens on and is reached at, by clients too. */
  readonly host: string;
  /** A port for each of its services, all different. */
  readonly ports: readonly number[];
}

/** The network between members, made before they start. */
export interface Network {
  readonly links: Links;
  /** Why this one, in a few words. */
  readonly why: string;
  readonly places: readonly Place[];
  /** How the member's process is begun: what becomes it, flags of Node.js, environment. */
  start(id: string): {
    readonly prefix: readonly string[];
    readonly flags: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** It runs. */
  started(id: string, pid: number): Promise<void>;
  close(): Promise<void>;
}
