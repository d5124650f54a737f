import { TanistError } from '../../../foundation/errors.ts';
import { type MutantName, mutantNames } from '../../../foundation/mutants.ts';
import { rerunCommand, runSeeds } from '../../../simulator/run-seeds.ts';
import { shrink, shrunkLines } from '../../../simulator/shrink.ts';
import { type SimulationResult, simulate } from '../../../simulator/simulate.ts';
import { figure } from '../../terminal/figure.ts';
import { type Output, outputTo } from '../../terminal/output.ts';
import { UsageError } from '../../terminal/usage-error.ts';

export interface SimOptions {
  readonly seeds?: { readonly from: number; readonly to: number };
  readonly seed?: number;
  readonly trace?: boolean;
  readonly mutant?: string;
  readonly tiers?: boolean;
  readonly json?: boolean;
}

const defaultSeeds = { from: 1, to: 100 };
const drawEveryMs = 100;
/** One found fault is proof; many of the same are noise. */
const mostFailures = 10;
/** Of a shrunk trace, from its end. */
const shownLines = 40;

export async function runSimulator(options: SimOptions): Promise<void> {
  if (options.seed !== undefined && options.seeds !== undefined)
    throw new UsageError('--seed and --seeds exclude each other');
  if (options.trace === true && options.seed === undefined) throw new UsageError('--trace needs --seed');
  const mutant = mutantOf(options.mutant);
  const tiers = options.tiers === true;
  const out = outputTo(options.json === true);
  if (options.trace === true && options.seed !== undefined) await showTrace(options.seed, mutant, tiers);
  const { from, to } =
    options.seed === undefined ? (options.seeds ?? defaultSeeds) : { from: options.seed, to: options.seed };
  const summary = await runSeeds(from, to + 1, {
    mutant,
    tiers,
    wallMs: () => performance.now(),
    progress: progressOf(out, to - from + 1),
  });
  out.progress.clear();
  for (const { seed, invariant, detail } of summary.failures) {
    out.say(`${out.style.red('✖')} seed ${seed}: ${out.style.bold(invariant)} ${detail}`);
    out.say(`  again: npx ${rerunCommand(seed, mutant, tiers)}`);
  }
  const [first] = summary.failures;
  if (first !== undefined) await showShrunk(out, first, { mutant, tiers });
  const { seeds, steps, clusterSeconds, wallSeconds, failures, calls, undecided } = summary;
  out.say(
    `${failures.length === 0 ? out.style.green('✔') : out.style.red('✖')} ${figure(seeds)} seeds, ${figure(steps)} steps, ` +
      `${figure(Math.round(clusterSeconds))} cluster-seconds in ${figure(wallSeconds)} s (${figure(clusterSeconds / wallSeconds)} a second), ${failures.length} failed`,
  );
  out.document({ seeds, steps, clusterSeconds, wallSeconds, failures, calls, undecided });
  if (failures.length > 0)
    throw new TanistError('data-damaged', `${failures.length} of ${seeds} seeds broke an invariant`);
}

function mutantOf(name: string | undefined): MutantName | null {
  if (name === undefined) return null;
  const known = mutantNames.find((candidate) => candidate === name);
  if (known === undefined) throw new UsageError(`--mutant: must be one of ${mutantNames.join(', ')}`);
  return known;
}

async function showTrace(seed: number, mutant: MutantName | null, tiers: boolean): Promise<void> {
  const { trace } = await simulate({ seed, mutant, tiers, trace: true });
  process.stderr.write(`${trace.join('\n')}\n`);
}

/** Of one failure the faults that it takes. */
async function showShrunk(
  out: Output,
  { seed, invariant }: { readonly seed: number; readonly invariant: string },
  options: { readonly mutant: MutantName | null; readonly tiers: boolean },
): Promise<void> {
  out.progress.update(`seed ${seed}: which faults suffice …`);
  const shrunk = await shrink(invariant, {
    seed,
    ...options,
    progress: (left) => out.progress.update(`seed ${seed}: at most ${left} faults suffice …`),
  });
  out.progress.clear();
  if (shrunk === null) return;
  out.say(`\nseed ${seed}, shrunk:`);
  for (const line of shrunkLines(shrunk, shownLines)) out.say(`  ${line}`);
  out.say('');
}

function progressOf(out: Output, all: number): (result: SimulationResult) => boolean {
  let done = 0;
  let failed = 0;
  let drawnMs = 0;
  return (result) => {
    done++;
    if (result.failure !== null) failed++;
    const nowMs = performance.now();
    if (nowMs - drawnMs >= drawEveryMs) {
      drawnMs = nowMs;
      out.progress.update(`${figure(done)} of ${figure(all)} seeds, ${failed} failed`);
    }
    return failed >= mostFailures;
  };
}
