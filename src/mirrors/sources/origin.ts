import type { TanistError } from '../../foundation/errors.ts';

/** What the origin said of its last answer, so that it can say "unchanged" the next time (RFC 9110, 13). */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export type OriginAnswer =
  | {
      readonly kind: 'content';
      readonly document: unknown;
      readonly validators: Validators;
      /** When the origin says that it changed last; null: it doesn't. */
      readonly changedAtMs: number | null;
      /** False: that moment is no version, and what changed earlier may well be the newer (a file that was put back). */
      readonly ordered?: boolean;
      /** The origin's clock at its answer; null: it doesn't say. */
      readonly originMs: number | null;
    }
  | { readonly kind: 'unchanged'; readonly originMs: number | null }
  /** There is no such resource (any more). */
  | { readonly kind: 'gone'; readonly originMs: number | null }
  | {
      readonly kind: 'failed';
      /** One of the codes `origin-…`, `secret-missing`, `source-unsupported`. */
      readonly error: TanistError;
      /** The origin asked to be left alone for so long. */
      readonly retryAfterMs: number | null;
    };

export interface OriginRequest {
  readonly key: string;
  readonly validators: Validators | null;
  /** Aborts at the time-out; an origin then answers as `failed` or rejects. */
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

/** What an origin tells of itself, unasked. */
export type OriginChange =
  /** From now on all changes are told. */
  | { readonly kind: 'following' }
  /** These may have changed; null: any. Keys that nobody mirrors may be among them. */
  | { readonly kind: 'changed'; readonly keys: readonly string[] | null };

/** A place that resources are asked of. Implement it for one of your own (`kind: own`). */
export interface Origin {
  fetch(request: OriginRequest): Promise<OriginAnswer>;
  /** Tells of changes as they come, until aborted, or an error of the origin ends it: then it is begun anew. Absent: the origin only answers. */
  changes?(signal: AbortSignal): AsyncIterable<OriginChange>;
  close?(): void | Promise<void>;
}
