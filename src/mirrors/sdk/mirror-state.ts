import type { TanistError } from '../../foundation/errors.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { RefreshReason } from '../state/records.ts';

/**
 * How a read was answered: `fresh`: from the mirror in this process. `predicted`: the same, and the mirror was refreshed because a change was predicted.
 * `origin`: it waited for the origin. `stale`: the mirror is older than it should be, and `trouble` says why it could not be refreshed.
 * `direct`: from the origin past the cluster, which cannot be reached, or because the resource is not mirrored.
 */
export type HitKind = 'fresh' | 'predicted' | 'origin' | 'stale' | 'direct';

/** What a read answers. */
export interface MirrorState {
  readonly id: string;
  /** What the format keeps. Shared between reads: do not change it. */
  readonly value: unknown;
  readonly labels: Readonly<Record<string, string>>;
  /** The origin's version, where the format names one. */
  readonly version: string | number | null;
  readonly hit: HitKind;
  /** Since the last look at the origin began: the value was the origin's at that moment or later. */
  readonly ageMs: number;
  readonly fresh: boolean;
  /** A change since then is likelier than not, by the resource's history. */
  readonly predictedToHaveChanged: boolean;
  /** Until that becomes so, in ms, if within the source's horizon; 0: it is so; null: not soon, or nothing is known. */
  readonly changeExpectedMs: number | null;
  /** When it changed last, in ms since 1970: as the origin says, else when it was seen. */
  readonly changedAtMs: number;
  /** Who asked the origin, and why. */
  readonly origin: { readonly by: string; readonly reason: RefreshReason };
  /**
   * The replica beyond the quorum that this process follows the mirrors at: the revision that it had come to, and how long ago it was heard to hold what the cluster
   * had. Null: the cluster itself, or the origin.
   */
  readonly replica: { readonly endpoint: string; readonly revision: Revision; readonly ageMs: number } | null;
  /** Why it is not fresher; null: it is as fresh as was asked for. */
  readonly trouble: TanistError | null;
}

/** What a watch yields: the state, or that there is no such resource (any more). */
export type MirrorEvent =
  | { readonly kind: 'state'; readonly state: MirrorState }
  | { readonly kind: 'missing'; readonly id: string };

export interface PollOptions {
  /** The longest wait for the origin or for whoever asks it, in ms. Default: the source's time-out and 2 s. */
  readonly waitMs?: number;
  /** Overrides the source's `onStale`. */
  readonly onStale?: 'wait' | 'serve';
  /** False: asks the origin itself and mirrors nothing. */
  readonly mirror?: boolean;
}
