import type { LeaseId } from '../foundation/ids.ts';
import type { CallOptions } from './state-client.ts';

/** `url`: the sha256 of an address, for what is known by nothing better. The others are digests of the content itself. */
export const contentAlgorithms = ['sha512', 'sha256', 'sha1', 'url'] as const;
export type ContentAlgorithm = (typeof contentAlgorithms)[number];

/** What one asks for. An object has several: all its digests, and the addresses that it was fetched from. */
export interface ContentKey {
  readonly algorithm: ContentAlgorithm;
  /** Lower-case hexadecimal, as long as the algorithm makes it. */
  readonly digest: string;
}

export interface SandboxFacts {
  /** `[a-z0-9][a-z0-9-]{0,62}`; of one agent at a time. */
  readonly id: string;
  /** Where other agents fetch from it, `host:port`. */
  readonly address: string;
  /** Whose request sequences belong together. */
  readonly application: string;
  /** Agents of one zone are near to each other. Empty: nothing is known. */
  readonly zone: string;
  /** Drawn once for the cache folder: tells the agent that comes back from another one of the same id. */
  readonly instance: string;
}

/** What an address answered, beside the bytes. Times in ms since 1970, by the clock of the agent that asked. */
export interface AddressFacts {
  readonly fetchedMs: number;
  /** Until then the answer may be given without asking again. */
  readonly freshUntilMs: number;
  readonly etag: string;
  readonly lastModified: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** In place of a sha256 where an address answered that there is nothing. */
export const nothing = '0'.repeat(64);

export interface HeldObject {
  readonly keys: readonly ContentKey[];
  /** Of the bytes as they are stored and sent; `nothing`: there are none. */
  readonly sha256: string;
  readonly size: number;
  /** Where a key is an address. */
  readonly answer?: AddressFacts;
}

/** One sandbox's word on one key. `fetching`: it has begun to fetch it, and gives on what has arrived. */
export type Holding = {
  readonly sandbox: string;
  readonly address: string;
  readonly zone: string;
} & (
  | { readonly state: 'fetching' }
  | {
      readonly state: 'held';
      readonly sha256: string;
      readonly size: number;
      readonly answer?: AddressFacts;
    }
);

export type Claim =
  | { readonly claimed: true }
  | { readonly claimed: false; readonly holdings: readonly Holding[] };

/** `lease`: that of the caller's own join. Where the id was taken since then the call fails as `sandbox-exists`, and says nothing in the other's name. */
export interface SandboxOptions extends CallOptions {
  readonly lease?: LeaseId;
}

/**
 * `lease`: drawn by the caller. `drawnMs`: when, by its calendar (ms since 1970), rising from one join to the next: a copy that comes after a later join of the same
 * instance does not displace that one, and fails as `sandbox-unknown`.
 */
export interface JoinOptions extends SandboxOptions {
  readonly drawnMs?: number;
}

/** `over`: a sandbox that has announced the fetch and does not answer; its place is taken, by one of those who ask for it. */
export interface ClaimOptions extends SandboxOptions {
  readonly over?: string;
}

/**
 * Who holds what (the Dependency Mirror Registry). All that a sandbox says is on its lease, so it ends with its heartbeats. A word on content
 * proves nothing: whoever fetches compares digests.
 *
 * Fails as `sandbox-unknown` where the sandbox has not joined, or its lease has ended: join again and register all anew.
 */
export interface DependencyRegistry {
  /**
   * Takes the id for this instance; what an earlier life of the same instance said is forgotten. `lease`: drawn by the caller, so that
   * whatever is sent again is the same join. Fails as `sandbox-exists` while another instance has it.
   */
  join(
    sandbox: SandboxFacts,
    ttlMs: number,
    options?: JoinOptions,
  ): Promise<{ readonly lease: LeaseId; readonly ttlMs: number }>;
  /** Renews the sandbox's lease, and with it all that it holds. */
  heartbeat(sandboxId: string, options?: SandboxOptions): Promise<{ readonly ttlMs: number }>;
  /** Ends the sandbox's lease: it holds nothing any more. A sandbox that is not there is none already. */
  invalidate(sandboxId: string, options?: SandboxOptions): Promise<void>;
  /** Any number of objects; calls of one turn travel together. */
  register(sandboxId: string, objects: readonly HeldObject[], options?: SandboxOptions): Promise<void>;
  /** The sandbox no longer holds, or fetches, what has these keys. */
  release(sandboxId: string, keys: readonly ContentKey[], options?: SandboxOptions): Promise<void>;
  /** For each key its holders, in its order; at most 64 of each: of more those whose ids come after `asker`, so that not all ask the same. */
  lookup(
    keys: readonly ContentKey[],
    options?: CallOptions & { readonly asker?: string },
  ): Promise<readonly (readonly Holding[])[]>;
  /**
   * Where nobody holds or fetches the key, this sandbox is said to fetch it from now on. Among any number of claims at a time one wins: so one copy
   * comes from upstream, however many ask.
   */
  claim(sandboxId: string, key: ContentKey, options?: ClaimOptions): Promise<Claim>;
  /** All, or the one of this id. */
  sandboxes(options?: CallOptions & { readonly id?: string }): Promise<readonly SandboxFacts[]>;
}
