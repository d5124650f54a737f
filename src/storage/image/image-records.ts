import type { AppliedPoint } from '../../ports/image-store.ts';
import type { ChunkSums } from './chunk-index.ts';

/** How far the image is, and what chunks belong to it; in the same batch as they. */
export interface Meta {
  readonly applied: AppliedPoint;
  readonly chunks: ChunkSums;
  /** Taken over from a snapshot and not written since: the log may not have been reset to it yet. */
  readonly installed: boolean;
}

export interface FormatRecord {
  readonly format: number;
  readonly clusterId: string;
}

export const metaKey = 'meta';
export const formatKey = 'format';
export const recordPrefix = 'r/';
export const recordEnd = 'r0';
/** Beyond every key. */
export const allEnd = 's';
