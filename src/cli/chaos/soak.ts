import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readDocument } from '../../chaos/report/document-file.ts';
import { headlineOf } from '../../chaos/report/headline.ts';
import { writeReport } from '../../chaos/report/write-report.ts';
import type { ChaosDocument, ScenarioResult } from '../../chaos/run/result.ts';
import { summaryOf } from '../../chaos/run/result.ts';
import { hostFacts } from '../../chaos/run/run-plan.ts';
import { runSoak as soak } from '../../chaos/soak/run-soak.ts';
import { readSoakState, type SoakState, writeSoakState } from '../../chaos/soak/soak-state.ts';
import { soakSummary } from '../../chaos/soak/soak-summary.ts';
import { TanistError } from '../../foundation/errors.ts';
import { workFolder } from '../../local/work-folder.ts';
import { stopSignal } from '../local/stop-signal.ts';
import { outputTo } from '../terminal/output.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { configSections } from './config-sections.ts';
import { endSoon, realHarness } from './harness.ts';
import type { ChaosSoakOptions } from './options.ts';
import { keepLogs, outFolder, toleratingFullDisk } from './out-folder.ts';
import { buildOf } from './plan-of.ts';
import { sayResult } from './result-lines.ts';

/** `chaos soak`: until its hours are over, over ends of the harness too (`--resume`). Fails when a promise was broken, or when it was told to stop. */
export async function runSoak(options: ChaosSoakOptions): Promise<void> {
  if (options.resume === undefined) hoursOf(options);
  const config = options.config === undefined ? undefined : await configSections(options.config);
  const build = await buildOf('--build', options.build);
  const out = outputTo(options.json === true);
  const folder = options.resume === undefined ? await outFolder(options.out) : resolve(options.resume);
  const state =
    options.resume === undefined ? newState(options, hoursOf(options)) : await resumed(folder, options);
  const before =
    options.resume === undefined ? null : await readDocument(join(folder, 'report.json')).catch(() => null);
  const results: ScenarioResult[] = [...(before?.scenarios ?? [])];
  const startedAt = before?.startedAt ?? new Date().toISOString();
  const documentOf = (now: SoakState, interrupted: boolean): ChaosDocument => ({
    format: 'tanist-chaos-1',
    startedAt,
    command: ['tanist', ...process.argv.slice(2)].join(' '),
    host: hostFacts(),
    mutant: null,
    build: options.build ?? null,
    budgets: 'report',
    interrupted,
    scenarios: results,
    ok: results.every(({ ok }) => ok),
    soak: soakSummary(results, now.hours),
  });
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
  const end = await soak(
    harness,
    state,
    {
      ...(config === undefined ? {} : { config }),
      ...(build === undefined ? {} : { build }),
    },
    {
      stop: stop.signal,
      folder: () => mkdtemp(join(work.path, 'soak-')),
      progress: (text) => out.progress.update(text),
      ended: async (result, now, clusterFolder) => {
        results.push(result);
        out.progress.clear();
        sayResult(out, result);
        if (!result.ok)
          await keepLogs(join(clusterFolder, 'cluster'), folder, result.scenario.replace(/ /g, '-'));
        if (result.failures.length > 0) await rm(clusterFolder, { recursive: true, force: true });
        await toleratingFullDisk(async () => {
          await writeReport(folder, documentOf(now, true));
          await writeSoakState(folder, now);
        });
      },
    },
  );
  const interrupted = stop.signal.aborted;
  const document = documentOf(end, interrupted);
  const written = await writeReport(folder, document);
  endSoon();
  const { answer, title, detail } = headlineOf(document);
  out.say(`\n${title}\n${detail}\nreport: ${written.html}`);
  const { soak: summary, ok } = document;
  out.document({
    scenarios: results.map(summaryOf),
    ok,
    interrupted,
    soak: summary === undefined ? null : { ...summary, processes: undefined },
    report: written.html,
    data: written.json,
  });
  if (results.some((result) => !result.ok))
    throw new TanistError(answer === 'no' ? 'data-damaged' : 'unavailable', `${title}; ${written.html}`);
  if (interrupted)
    throw new TanistError('cancelled', `stopped before its time; go on with --resume ${folder}`);
}

function hoursOf({ hours }: ChaosSoakOptions): number {
  if (hours === undefined) throw new UsageError('--hours: for how long, such as 2 or 0.25');
  return hours;
}

async function resumed(folder: string, { hours }: ChaosSoakOptions): Promise<SoakState> {
  const state = await readSoakState(folder);
  return hours === undefined ? state : { ...state, hours };
}

function newState(options: ChaosSoakOptions, hours: number): SoakState {
  const { seed = 1, segment, hot, warm, cold, network = 'auto', rate, clients } = options;
  return {
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
    segmentsDone: 0,
    elapsedMs: 0,
  };
}
