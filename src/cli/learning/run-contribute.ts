import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { TanistError } from '../../foundation/errors.ts';
import { contributionLimits, contributorPattern } from '../../prediction/learning/contribution.ts';
import { localUpdate } from '../../prediction/learning/local-update.ts';
import { roundDefaults } from '../../prediction/learning/options.ts';
import { openForecaster } from '../../prediction/neural/forecaster.ts';
import { decodeModelFile } from '../../prediction/neural/model-file.ts';
import { encodeContribution } from '../../protocol/operations/models.ts';
import type { CallContext } from '../command.ts';
import { readInputs } from '../forecasting/inputs.ts';
import { figure } from '../terminal/figure.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { type ClusterSeries, clusterSeries } from './cluster-series.ts';

export interface ContributeOptions {
  /** A file, or a folder; or else the nodes of a cluster, and which of its keys. */
  readonly csv?: string;
  readonly from?: readonly string[];
  readonly prefix?: string;
  readonly clip: number;
  readonly noise: number;
  readonly steps: number;
  readonly seed?: string;
  readonly as?: string;
  readonly horizon: number;
  readonly quiet?: boolean;
  readonly dryRun?: boolean;
}

/** Trains the cluster's model on series of this machine, or of another cluster, and sends how its weights moved. */
export async function runContribute(options: ContributeOptions, context: CallContext): Promise<void> {
  const { client, out, call, change } = context;
  const { clip, noise, steps, horizon } = options;
  if (clip > contributionLimits.clip || noise > contributionLimits.noise)
    throw new TanistError(
      'invalid-argument',
      `clip is at most ${contributionLimits.clip}, noise at most ${contributionLimits.noise}`,
    );
  const contributor = options.as ?? hostname();
  if (!contributorPattern.test(contributor))
    throw new TanistError(
      'invalid-argument',
      `"${contributor}" is no name of a contributor: give one of letters, digits, dots and dashes with --as`,
    );
  const series = await privateSeries(options, context);
  const { file, learning } = await client.models.get({ ...call, file: true });
  const model = decodeModelFile(file, 'the model of the cluster');
  const base = learning.model?.hash ?? '';
  out.say(`training ${model.name} version ${model.version} on ${series.length} series, ${steps} steps`);
  const forecaster = await openForecaster(model.size);
  const round = { ...roundDefaults, steps, horizon, seed: options.seed ?? randomBytes(16).toString('hex') };
  const update = await localUpdate(
    model,
    series,
    round,
    { clip, noise },
    {
      forecaster: async () => forecaster,
      rest: () => new Promise((resolve) => setImmediate(resolve)),
    },
  );
  await forecaster.close();
  const { delta, samples, fullNorm } = update;
  const reported = options.quiet === true ? null : update.reported;
  const contribution = { model: model.name, base, delta, samples, clip, noise, contributor, reported };
  const bytes = encodeContribution(contribution).length;
  const leaves = {
    model: `${model.name} ${base}`,
    weights: delta.length,
    samples,
    clip,
    noise,
    contributor,
    reported,
    bytes,
  };
  const errors =
    reported === null
      ? ''
      : `; error relative to last value before and after: ${reported.before}, ${reported.after}`;
  out.say(
    `norm of the update ${figure(fullNorm)}, clipped to ${clip}${noise === 0 ? '' : `, with noise of ${noise} clips on each weight`}`,
  );
  const verb = options.dryRun === true ? 'would leave' : 'leaves';
  out.say(
    `what ${verb} this machine, ${bytes} bytes: ${delta.length} differences of weights; ${samples} values trained on; ` +
      `clip ${clip}, noise ${noise}; contributor ${contributor}; version ${base}${errors}. No value, time or name of a series.`,
  );
  if (options.dryRun === true) {
    out.document({ sent: false, leaves });
    return;
  }
  const { waiting, wanted } = await client.models.contribute(contribution, change);
  out.document({ sent: true, leaves, waiting, wanted });
  out.say(
    waiting >= wanted
      ? `taken, ${waiting} contributions: they are averaged and judged now; tanist model show tells what became of them`
      : `taken: ${waiting} of the ${wanted} contributions that the round waits for`,
  );
}

function privateSeries(
  { csv, from, prefix }: ContributeOptions,
  { out, call }: CallContext,
): Promise<readonly ClusterSeries[]> {
  if (csv !== undefined && from === undefined && prefix === undefined)
    return readInputs(csv, {}, (line) => out.say(out.style.dim(line)));
  if (csv === undefined && from !== undefined) return clusterSeries(from, prefix ?? '', call.deadlineMs);
  throw new UsageError('give either --csv, or --from with or without --prefix');
}
