import { TanistError } from '../../foundation/errors.ts';
import type { Links } from '../target.ts';

/** Where a member lives in the network. */
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
  readonly places: readonly Place[];
  /** `host:port` that a member tells the others to call it at. */
  advertised(id: string, use: number): string;
  /** How the member's process is begun. */
  start(id: string): Beginning;
  /** It runs. */
  started(id: string, pid: number): Promise<void>;
  close(): Promise<void>;
}

export interface Beginning {
  /** Programs that become it, and their arguments. */
  readonly prefix: readonly string[];
  /** Of Node.js. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Errors: `unknown-member`. */
export function requireMember(
  id: string,
  members: { has(id: string): boolean; keys(): Iterable<string> },
): void {
  if (!members.has(id))
    throw new TanistError('unknown-member', `no member ${id}; there are ${[...members.keys()].join(', ')}`);
}
