import type { Comparison } from '../../prediction/learning/compare.ts';
import type { Model } from '../../prediction/neural/model.ts';
import type { Version } from './model-record.ts';
import type { Outcome } from './rounds.ts';

/** The version that follows on `base`, with what a round came to. */
export function nextVersion(base: Version, outcome: Outcome, weights: Float32Array, atMs: number): Model {
  const { seed, steps, series, samples, after, kind, contributors, judgedBy, before, judgedSeries, reason } =
    outcome;
  const { name, version, size } = base.model;
  return {
    name,
    version: version + 1,
    size,
    weights,
    statistics: { seed, from: `${name} ${version}`, steps, series, values: samples, heldOut: after },
    provenance: {
      kind,
      parent: base.hash,
      atMs,
      samples,
      contributors,
      judgedBy,
      before,
      after,
      judgedSeries,
      reason,
    },
  };
}

/** The weights of the version before, under the number that follows on `base`, which did worse in use. */
export function rolledBack(
  base: Version,
  previous: Version,
  { before, after, series }: Comparison,
  why: string,
  atMs: number,
): Model {
  return {
    ...previous.model,
    name: base.model.name,
    version: base.model.version + 1,
    provenance: {
      kind: 'rolled-back',
      parent: base.hash,
      atMs,
      samples: previous.model.provenance?.samples ?? 0,
      contributors: 0,
      judgedBy: 'use',
      before: after,
      after: before,
      judgedSeries: series,
      reason: `back to the weights of version ${previous.model.version}: ${why}`,
    },
  };
}
