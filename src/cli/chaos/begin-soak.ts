import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ScenarioResult } from '../../chaos/run/result.ts';
import { formerSegments } from '../../chaos/soak/former-segments.ts';
import { readSoakState, type SoakState } from '../../chaos/soak/soak-state.ts';
import { TanistError } from '../../foundation/errors.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { configSections } from './config-sections.ts';
import type { ChaosSoakOptions } from './options.ts';
import { outFolder } from './out-folder.ts';
import { buildOf } from './plan-of.ts';

export interface BegunSoak {
  readonly folder: string;
  readonly state: SoakState;
  readonly startedAt: string;
  readonly segments: readonly ScenarioResult[];
  readonly shape: { readonly config?: Readonly<Record<string, object>>; readonly build?: string };
}

/** A new soak, or one that is gone on with: as it was begun, on the same configuration and build. Errors: wrong usage; `invalid-argument` where that can't be. */
export async function beginSoak(options: ChaosSoakOptions): Promise<BegunSoak> {
  const { folder, state, startedAt, segments } =
    options.resume === undefined ? await newSoak(options) : await resumed(options, resolve(options.resume));
  const config = state.config === undefined ? undefined : await configSections(state.config.file);
  return {
    folder,
    state,
    startedAt: startedAt ?? new Date().toISOString(),
    segments,
    shape: {
      ...(config === undefined ? {} : { config }),
      ...(state.build === undefined ? {} : { build: state.build.file }),
    },
  };
}

type Begun = Omit<BegunSoak, 'startedAt' | 'shape'> & { readonly startedAt: string | null };

/** Of a new soak alone. */
const ofNew = [
  'seed',
  'out',
  'segment',
  'hot',
  'warm',
  'cold',
  'network',
  'config',
  'build',
  'rate',
  'clients',
] as const;

async function resumed(options: ChaosSoakOptions, folder: string): Promise<Begun> {
  const given = ofNew.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(
      `--resume goes on with a soak as it was begun: ${given.map((name) => `--${name}`).join(', ')} can't be given with it (--hours can)`,
    );
  const read = await readSoakState(folder);
  const former = await formerSegments(folder, read);
  const { config, build, hours } = former.state;
  for (const input of [config, build]) if (input !== undefined) await sameAs(input);
  return { ...former, folder, state: { ...former.state, hours: options.hours ?? hours } };
}

async function newSoak(options: ChaosSoakOptions): Promise<Begun> {
  const { hours, seed = 1, segment = 240, hot = 3, warm = 1, cold = 0 } = options;
  const { network = 'auto', rate = 500, clients = 16 } = options;
  if (hours === undefined) throw new UsageError('--hours: for how long, such as 2 or 0.25');
  // Before anything is made.
  if (options.config !== undefined) await configSections(options.config);
  const build = await buildOf('--build', options.build);
  const folder = await outFolder(options.out);
  const state: SoakState = {
    format: 'tanist-soak-1',
    seed,
    hours,
    segmentSeconds: segment,
    hot,
    warm,
    cold,
    network,
    rate,
    clients,
    ...(options.config === undefined ? {} : { config: await inputOf(resolve(options.config)) }),
    ...(build === undefined ? {} : { build: await inputOf(build) }),
    segmentsDone: 0,
    elapsedMs: 0,
  };
  return { folder, state, startedAt: null, segments: [] };
}

type Input = NonNullable<SoakState['config']>;

async function inputOf(file: string): Promise<Input> {
  return {
    file,
    sha256: createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  };
}

async function sameAs({ file, sha256 }: Input): Promise<void> {
  const now = await inputOf(file).catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError('invalid-argument', `${file}: cannot be read (${cause.code ?? cause.message})`, {
      cause,
    });
  });
  if (now.sha256 !== sha256)
    throw new TanistError(
      'invalid-argument',
      `${file}: has changed since the soak began with it; put it back, or begin a new soak`,
    );
}
