import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { headlineOf } from '../../chaos/report/headline.ts';
import { writeReport } from '../../chaos/report/write-report.ts';
import { summaryOf } from '../../chaos/run/result.ts';
import { runPlan } from '../../chaos/run/run-plan.ts';
import { TanistError } from '../../foundation/errors.ts';
import { cleanup } from '../../local/cleanup.ts';
import { workFolder } from '../../local/work-folder.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { outputTo } from '../terminal/output.ts';
import { endSoon, realHarness, strayErrors } from './harness.ts';
import type { ChaosRunOptions } from './options.ts';
import { keepLogs, outFolder, toleratingFullDisk } from './out-folder.ts';
import { planOf } from './plan-of.ts';
import { sayResult } from './result-lines.ts';

/** `chaos run`: each run on a cluster of its own; a report after each. Fails when a promise was broken, or when it was told to stop. */
export async function runChaos(names: readonly string[], options: ChaosRunOptions): Promise<void> {
  const plan = await planOf(names, options);
  const out = outputTo(options.json === true);
  const folder = await outFolder(options.out);
  await using work = await workFolder(undefined, 'tanist-chaos-');
  await using stack = cleanup();
  const stop = new AbortController();
  void stopSignal().then((signal) => {
    process.stderr.write(
      `tanist: ${signal}: faults end, the checks follow, then the report; once more ends at once\n`,
    );
    stop.abort();
  });
  const stray = strayErrors();
  const harness = await realHarness();
  let at = '';
  let said = '';
  const document = await runPlan(harness, plan, {
    stop: stop.signal,
    folder: async (name) => {
      const path = await mkdtemp(join(work.path, `${name.replace(/[^a-z0-9-]/g, '_')}-`));
      stack.defer(() => rm(path, { recursive: true, force: true }));
      return path;
    },
    began: (name, number, of) => {
      at = `${number} of ${of}: ${name}`;
      out.progress.update(`${at} …`);
    },
    progress: (text) => out.progress.update(`${at}: ${text}`),
    strayErrors: stray,
    ended: async (result, soFar, clusterFolder) => {
      out.progress.clear();
      const network = `${result.network}${result.networkWhy === '' ? '' : `: ${result.networkWhy}`}`;
      if (result.network !== null && network !== said) {
        said = network;
        out.say(out.style.dim(`network by ${network}`));
      }
      sayResult(out, result);
      if (!result.ok)
        await keepLogs(
          join(clusterFolder, 'cluster'),
          folder,
          `${result.scenario}-${result.target}-${result.seed}`,
        );
      await toleratingFullDisk(() => writeReport(folder, soFar));
      await rm(clusterFolder, { recursive: true, force: true });
    },
  });
  endSoon();
  const { answer, title, detail } = headlineOf(document);
  const paint = answer === 'yes' ? out.style.green : answer === 'no' ? out.style.red : out.style.yellow;
  out.say(`\n${paint(title)}\n${detail}`);
  const written = await writeReport(folder, document);
  out.say(`report: ${written.html}`);
  const { scenarios, ok, interrupted, mutant, budgets } = document;
  out.document({
    scenarios: scenarios.map(summaryOf),
    ok,
    interrupted,
    mutant,
    budgets,
    report: written.html,
    data: written.json,
  });
  if (scenarios.some((result) => !result.ok))
    throw new TanistError(answer === 'no' ? 'data-damaged' : 'unavailable', `${title}; ${written.html}`);
  if (!ok && !interrupted)
    throw new TanistError(
      'unavailable',
      `nothing was run, all was skipped for the reasons above; ${written.html}`,
    );
  if (interrupted) throw new TanistError('cancelled', `stopped before all was run; ${written.html}`);
}
