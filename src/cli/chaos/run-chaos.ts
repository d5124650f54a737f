import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeReport } from '../../chaos/report/write-report.ts';
import { runPlan } from '../../chaos/run/run-plan.ts';
import { cleanup } from '../../local/cleanup.ts';
import { workFolder } from '../../local/work-folder.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { outputTo } from '../terminal/output.ts';
import { conclude } from './conclude.ts';
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
      if (!result.ok && clusterFolder !== '')
        await keepLogs(
          join(clusterFolder, 'cluster'),
          folder,
          `${result.scenario}-${result.target}-${result.seed}`,
        );
      await toleratingFullDisk(() => writeReport(folder, soFar));
      if (clusterFolder !== '') await rm(clusterFolder, { recursive: true, force: true });
    },
  });
  endSoon();
  await conclude(out, folder, document, { mutant: document.mutant, budgets: document.budgets });
}
