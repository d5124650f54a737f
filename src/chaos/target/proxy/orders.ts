import type { Shape } from '../../target.ts';

/** Where one member calls another: a port of the proxy that stands for one of the other's. */
export interface Way {
  /** Null: whoever calls; the proxy finds out by the connection which member's process it is. */
  readonly from: string | null;
  readonly to: string;
  /** The proxy's port. */
  readonly port: number;
  /** `host:port` of the member itself. */
  readonly target: string;
}

/** What the harness tells the proxy's thread. Each is answered with its number when it is done. */
export type Order =
  | { readonly kind: 'open'; readonly ways: readonly Way[] }
  | { readonly kind: 'shape'; readonly from: string; readonly to: string; readonly shape: Shape }
  | { readonly kind: 'heal' }
  /** The member's process from now on. */
  | { readonly kind: 'process'; readonly id: string; readonly pid: number };

export interface NumberedOrder {
  readonly number: number;
  readonly order: Order;
}

export interface Answer {
  readonly number: number;
  /** Null: done. */
  readonly error: string | null;
}
