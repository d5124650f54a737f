import { type ClusterTimeMs, clusterTimeMs, type LogIndex, logIndex } from '../../foundation/ids.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { KeyRange, Lineage, RangeDigest, Revisions } from '../../ports/replication.ts';
import { heldOf } from '../../protocol/status/replica-report.ts';
import { isSealed, openJson, sealJson } from '../../storage/record-codec.ts';
import type { HeldRange } from './held-range.ts';
import { evidencePrefix, hexOf, metaKey, rangePrefix } from './warm-rows.ts';

/** How far a warm replica is: everything that it holds is of this mark. */
export interface WarmMeta {
  readonly lineage: Lineage;
  readonly revisions: Revisions;
  readonly compacted: Revisions;
  readonly leaderRevisions: Revisions;
  readonly index: LogIndex;
  readonly timeMs: ClusterTimeMs;
}

export function metaRow(meta: WarmMeta): DatabaseChange {
  return { type: 'put', key: metaKey, value: sealJson(metaKey, meta) };
}

/** Nothing is held. */
export const noMetaRow: DatabaseChange = { type: 'del', key: metaKey };

/** Null: there is none, or it cannot be trusted. */
export function readMeta(row: Uint8Array | undefined): WarmMeta | null {
  if (row === undefined || !isSealed(metaKey, row)) return null;
  const parsed = openJson('warm', metaKey, row) as Record<string, unknown>;
  const { lineage } = parsed;
  const at = (name: string): Revisions | null =>
    heldOf({ lineage, revisions: parsed[name] })?.revisions ?? null;
  const held = heldOf({ lineage, revisions: parsed.revisions });
  if (held === null) return null;
  return {
    lineage: held.lineage,
    revisions: held.revisions,
    compacted: at('compacted') ?? held.revisions,
    leaderRevisions: at('leaderRevisions') ?? held.revisions,
    index: logIndex(Number(parsed.index ?? 0)),
    timeMs: clusterTimeMs(Number(parsed.timeMs ?? 0)),
  };
}

export function rangeRow(held: HeldRange): DatabaseChange {
  const key = rangePrefix + hexOf(held.generation);
  return { type: 'put', key, value: sealJson(key, held.digest) };
}

export function dropRangeRow(generation: number): DatabaseChange {
  return { type: 'del', key: rangePrefix + hexOf(generation) };
}

/** Null: it cannot be trusted. */
export function readRangeRow(key: string, row: Uint8Array): RangeDigest | null {
  if (!isSealed(key, row)) return null;
  const { range, keys, digest } = openJson('warm', key, row) as Partial<RangeDigest>;
  if (range === undefined || keys === undefined || digest === undefined) return null;
  return { range, keys, digest };
}

/** What is kept of a range that was found wrong, beside its values. */
export function evidenceRow(generation: number, range: KeyRange | null, reason: string): DatabaseChange {
  const key = evidencePrefix + hexOf(generation);
  return { type: 'put', key, value: sealJson(key, { range, reason }) };
}

export function dropEvidenceRow(generation: number): DatabaseChange {
  return { type: 'del', key: evidencePrefix + hexOf(generation) };
}
