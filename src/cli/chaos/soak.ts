import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeReport } from '../../chaos/report/write-report.ts';
import { allShown, type ChaosDocument } from '../../chaos/run/result.ts';
import { hostFacts } from '../../chaos/run/run-plan.ts';
import { runSoak as soak } from '../../chaos/soak/run-soak.ts';
import { withSegment } from '../../chaos/soak/slim-segments.ts';
import { type SoakState, writeSoakState } from '../../chaos/soak/soak-state.ts';
import { soakSummary } from '../../chaos/soak/soak-summary.ts';
import { TanistError } from '../../foundation/errors.ts';
import { workFolder } from '../../local/work-folder.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { outputTo } from '../terminal/output.ts';
import { beginSoak } from './begin-soak.ts';
import { conclude } from './conclude.ts';
import { endSoon, realHarness } from './harness.ts';
import type { ChaosSoakOptions } from './options.ts';
import { keepLogs, toleratingFullDisk } from './out-folder.ts';
import { sayResult } from './result-lines.ts';

/** `chaos soak`: until its hours are over, over ends of the harness too (`--resume`). Fails when a promise was broken, or when it was told to stop. */
export async function runSoak(options: ChaosSoakOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const { folder, state, startedAt, segments, shape } = await beginSoak(options);
  let results = segments;
  const documentOf = (now: SoakState, interrupted: boolean): ChaosDocument => {
    const summary = soakSummary(results, now.hours, hostFacts().cores);
    return {
      format: 'tanist-chaos-1',
      startedAt,
      command: ['tanist', ...process.argv.slice(2)].join(' '),
      host: hostFacts(),
      mutant: null,
      build: state.build?.file ?? null,
      ...(state.config === undefined ? {} : { config: state.config.file }),
      budgets: 'report',
      interrupted,
      scenarios: results,
      ok: allShown(results) && summary.verdicts?.every(({ answer }) => answer !== 'no') !== false,
      soak: summary,
    };
  };
  await using work = await workFolder(undefined, 'tanist-chaos-');
  const stop = new AbortController();
  void stopSignal().then((signal) => {
    process.stderr.write(
      `tanist: ${signal}: faults end, the checks follow, then the report; once more ends at once\n`,
    );
    stop.abort();
  });
  const harness = await realHarness();
  await writeSoakState(folder, state);
  let end = state;
  try {
    end = await soak(harness, state, shape, {
      stop: stop.signal,
      folder: () => mkdtemp(join(work.path, 'soak-')),
      progress: (text) => out.progress.update(text),
      opened: (leftOut) => {
        if (leftOut.length > 0) out.say(out.style.dim(`not in this soak: ${leftOut.join(', ')}`));
      },
      ended: async (result, now, clusterFolder) => {
        end = now;
        results = withSegment(results, result);
        out.progress.clear();
        sayResult(out, result);
        if (!result.ok && clusterFolder !== '')
          await keepLogs(join(clusterFolder, 'cluster'), folder, result.scenario.replace(/ /g, '-'));
        if (result.failures.length > 0 && clusterFolder !== '')
          await rm(clusterFolder, { recursive: true, force: true });
        await toleratingFullDisk(async () => {
          await writeReport(folder, documentOf(now, true));
          await writeSoakState(folder, now);
        });
      },
    });
  } catch (error) {
    // Given up after segments that are worth a report: what broke is among them.
    if (!(error instanceof TanistError) || results.every(({ ok }) => ok)) throw error;
  }
  const interrupted = stop.signal.aborted;
  const document = documentOf(end, interrupted);
  endSoon();
  await conclude(
    out,
    folder,
    document,
    { soak: document.soak === undefined ? null : { ...document.soak, processes: undefined } },
    `stopped before its time; go on with --resume ${folder}`,
  );
}
