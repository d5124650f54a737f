export const mirrorParts = ['freshness', 'reads', 'stampede'] as const;
export type MirrorPart = (typeof mirrorParts)[number];

/** What `tanist bench mirrors` was asked for. */
export interface BenchMirrorsOptions {
  readonly only?: readonly MirrorPart[];
  /** Calls of the origin a change. */
  readonly budgets: readonly number[];
  /** Of the mirrors' reads, those that may wait for a look that is due, each its own row. */
  readonly waitingReads: readonly number[];
  /** A change. */
  readonly reads: number;
  readonly seed: number;
  /** CSV file or folder of them, `timestamp,value`: further histories, from real series. */
  readonly histories?: string;
  readonly generated: boolean;
  /** The bundled real histories. */
  readonly real: boolean;
  readonly clients: number;
  readonly seconds: number;
  readonly json?: boolean;
}
