import { logIndex } from '../../foundation/ids.ts';
import type { Note } from './checkpoints.ts';

/** What a replica says of its state's integrity in its heartbeat replies. */
export interface IntegrityReport {
  readonly generation: string;
  readonly notes: readonly Note[];
  /** Why it serves nothing and waits for a peer's image; null: its state is whole. */
  readonly doubt: string | null;
}

export type IntegrityJson = readonly [string, readonly (readonly [number, string])[], string | null];

export function integrityJson({ generation, notes, doubt }: IntegrityReport): IntegrityJson {
  return [generation, notes.map(({ index, digest }) => [index, digest]), doubt];
}

/** Null for anything that is not one. */
export function integrityOf(value: unknown): IntegrityReport | null {
  if (!Array.isArray(value)) return null;
  const [generation, rows, doubt] = value as unknown[];
  if (typeof generation !== 'string' || !Array.isArray(rows)) return null;
  const notes: Note[] = [];
  for (const row of rows as unknown[]) {
    const [index, digest] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof index === 'number' && typeof digest === 'string')
      notes.push({ index: logIndex(index), digest });
  }
  return { generation, notes, doubt: typeof doubt === 'string' ? doubt : null };
}
