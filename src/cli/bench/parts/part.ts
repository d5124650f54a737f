import type { Figure } from './figure.ts';

export interface PartContext<Options> {
  readonly options: Options;
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  /** What is being done, for who waits. */
  readonly progress: (text: string) => void;
  /** What is worth a line beside the figures. */
  readonly say: (line: string) => void;
}

/**
 * Measures on clusters of its own: starts what it needs, and stops it. Throws where something wrong was read or something acknowledged is
 * missing.
 */
export type RunPart<Options> = (context: PartContext<Options>) => Promise<readonly Figure[]>;

/** A part of a benchmark. */
export interface Part<Options> {
  readonly about: string;
  readonly run: RunPart<Options>;
}
