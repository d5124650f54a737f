import type { TanistError } from '../foundation/errors.ts';
import type { Routing } from '../protocol/status/routing.ts';

/** A put that was acknowledged early and whose commit will never be heard of. */
export interface LostPut {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Why; `indeterminate`: it may be in the state nevertheless. */
  readonly error: TanistError;
}

export interface ClientEvents {
  /** A leader was announced for the first time, or another one. */
  readonly leader: { readonly id: string; readonly address: string; readonly term: number };
  /** Puts acknowledged early that did not outlive their leader: the exact list. */
  readonly lost: readonly LostPut[];
  /** The connection to a member broke; the client goes on with the others and reconnects. */
  readonly disconnected: { readonly address: string; readonly error: TanistError };
  /** A member of another lineage, or of another cluster, answers at an address of this client's; it is passed over. `error` says what to do. */
  readonly conflict: { readonly address: string; readonly error: TanistError };
  /** Any news about leader, members or succession. */
  readonly routing: Routing;
}

type Listener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void;

export class Listeners {
  private readonly sets: { [Name in keyof ClientEvents]: Set<Listener<Name>> } = {
    leader: new Set(),
    lost: new Set(),
    disconnected: new Set(),
    conflict: new Set(),
    routing: new Set(),
  };

  /** Returns what takes the listener away again. */
  on<Name extends keyof ClientEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.sets[name];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of [...this.sets[name]]) listener(event);
  }
}
