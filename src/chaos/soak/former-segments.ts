import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import { readDocument } from '../report/document-file.ts';
import type { ScenarioResult } from '../run/result.ts';
import type { SoakState } from './soak-state.ts';

export interface FormerSegments {
  readonly startedAt: string | null;
  readonly segments: readonly ScenarioResult[];
  /** The state, with a segment whose report was written and whose state was not. */
  readonly state: SoakState;
}

/**
 * What a soak found before it is gone on with. The report is written before the state, so it may be a segment ahead, never behind. Errors:
 * `invalid-argument`, of a report that is missing, damaged or short: what was found in it must not be forgotten.
 */
export async function formerSegments(folder: string, state: SoakState): Promise<FormerSegments> {
  if (state.segmentsDone === 0) return { startedAt: null, segments: [], state };
  const file = join(folder, 'report.json');
  const fail = (what: string): never => {
    throw new TanistError(
      'invalid-argument',
      `${what}: without it what the soak has found so far would be forgotten; put the file back, or begin a new soak`,
    );
  };
  const { scenarios: segments, startedAt } = await readDocument(file).catch((error: unknown) =>
    fail(error instanceof Error ? error.message : String(error)),
  );
  const missing = state.segmentsDone - segments.length;
  if (missing > 0) return fail(`${file}: ${missing} of ${state.segmentsDone} segments are missing`);
  const ahead = segments.slice(state.segmentsDone);
  return {
    startedAt,
    segments,
    state: {
      ...state,
      segmentsDone: segments.length,
      elapsedMs: ahead.reduce((sum, { endedMs }) => sum + endedMs, state.elapsedMs),
    },
  };
}
