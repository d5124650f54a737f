import { present } from '../../foundation/assert.ts';
import { seededRandom } from '../../foundation/random.ts';
import { rounded } from '../../foundation/statistics.ts';
import { Stopped } from '../scenario.ts';
import type { Target } from '../target.ts';
import type { Traffic, TrafficReport } from '../traffic.ts';
import { Claims } from './claims.ts';
import type { Harness } from './harness.ts';
import { bounded, healed, messageOf } from './heal.ts';
import { MomentLog } from './moment-log.ts';
import { watchProcesses } from './process-watch.ts';
import { brokenResult, type ScenarioResult, skippedResult } from './result.ts';
import { resultOf, type ScriptFaults } from './result-of.ts';
import { RunClock } from './run-clock.ts';
import type { ScenarioOptions } from './scenario-options.ts';
import { acknowledgedSince, type Script, type Stage, scriptContext } from './script-context.ts';
import { SharedLinks } from './shared-links.ts';
import { lackOf, misfitOf, wishOf } from './wish.ts';

const warmUpMs = 1500;
/** After the last fault: load on a cluster that is whole. */
const coolDownMs = 500;
const scriptsEndMs = 120_000;
const livenessMs = 15_000;
const checkMs = 180_000;

/** One selection under one seed on a cluster of its own, from its start to its end. Never throws: what goes wrong is in the result. */
export async function runScenario(harness: Harness, options: ScenarioOptions): Promise<ScenarioResult> {
  const { selection, seed, replay } = options;
  const named = { scenario: selection.name, seed, target: options.target, replay };
  const misfit = misfitOf(options);
  if (misfit !== null) return skippedResult(named, misfit);
  const startedMs = harness.clock.nowMs();
  const nowMs = (): number => harness.clock.nowMs() - startedMs;
  const zeroEpochMs = harness.clock.epochMs();
  const log = new MomentLog(nowMs);
  let target: Target;
  options.onProgress?.('the cluster starts');
  try {
    target = await harness.startTarget(wishOf(options, log, nowMs));
  } catch (error) {
    return brokenResult(named, `the cluster did not start: ${messageOf(error)}`);
  }
  try {
    const lack = lackOf(options, target);
    if (lack !== null) return skippedResult(named, lack);
    const clock = { ...harness.clock, nowMs, delay: harness.clock.delay.bind(harness.clock) };
    return await onTarget(
      { ...harness, clock: { ...clock, epochMs: () => zeroEpochMs } },
      options,
      target,
      log,
    );
  } catch (error) {
    return brokenResult(named, messageOf(error));
  } finally {
    await bounded(target.stop(), 'the cluster does not stop').catch((error: unknown) =>
      options.onProgress?.(messageOf(error)),
    );
  }
}

/** `harness.clock` counts from the run's beginning; `epochMs` is when that was. */
async function onTarget(
  harness: Harness,
  options: ScenarioOptions,
  target: Target,
  log: MomentLog,
): Promise<ScenarioResult> {
  const { clock } = harness;
  const nowMs = (): number => clock.nowMs();
  await bounded(target.settled(), 'the cluster did not settle before the first fault');
  const traffic = await harness.startTraffic(target, {
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    rate: options.rate,
    clients: options.clients,
    seed: options.seed,
    nowMs,
    onMoment: (moment) => log.keep(moment),
  });
  const watch = watchProcesses(target, nowMs);
  const failures: string[] = [];
  try {
    options.onProgress?.('warm-up');
    await clock.delay(warmUpMs, options.stop);
    const faultsFromMs = nowMs();
    const done = await scripts(harness, options, target, traffic, log);
    failures.push(...done.failures);
    const faultsToMs = nowMs();
    const report = await atTheEnd(harness, options, target, traffic, failures);
    const endedMs = nowMs();
    watch.stop();
    return await resultOf({
      options,
      target,
      traffic,
      report,
      moments: log.moments,
      scripts: done.scripts,
      watch,
      failures,
      zeroEpochMs: clock.epochMs(),
      faultsFromMs: rounded(faultsFromMs, 1),
      faultsToMs: rounded(faultsToMs, 1),
      endedMs: rounded(endedMs, 1),
    });
  } finally {
    watch.stop();
    await bounded(traffic.close(), 'the traffic does not end').catch(() => undefined);
  }
}

/** All scripts at the same time until their time is over; what each has done, and what they failed with. */
async function scripts(
  { clock }: Harness,
  options: ScenarioOptions,
  target: Target,
  traffic: Traffic,
  log: MomentLog,
): Promise<{ readonly scripts: readonly ScriptFaults[]; readonly failures: readonly string[] }> {
  const { selection, seed, seconds, count } = options;
  const contexts = new Map<string, Script>();
  const done = (failures: readonly string[]) => ({
    scripts: [...contexts].map(([name, { faults }]) => ({
      name,
      faults,
      ...(count === undefined ? {} : { wanted: count }),
    })),
    failures,
  });
  const run = new RunClock(clock, seconds * 1000, options.stop);
  const stage: Stage = {
    target,
    links: new SharedLinks(target.links),
    claims: new Claims(target.members.filter(({ tier }) => tier === 'hot').length, () => target.settled()),
    log,
    clock,
    acknowledged: () => traffic.acknowledged,
    crowded: selection.scenarios.length > 1,
  };
  const random = seededRandom(seed);
  const progress = setInterval(() => {
    const left = Math.ceil(run.remainingMs() / 1000);
    options.onProgress?.(
      `${traffic.acknowledged.length} writes acknowledged, ${log.active} faults, ${left} s left`,
    );
  }, 500);
  try {
    const ends = await bounded(
      Promise.allSettled(
        selection.scenarios.map(async (scenario) => {
          const context = scriptContext(stage, random.fork(scenario.name), run, count);
          contexts.set(scenario.name, context);
          try {
            await scenario.run(context);
          } catch (error) {
            if (!(error instanceof Stopped)) throw error;
          } finally {
            await context.close();
          }
        }),
      ),
      'scripts do not end',
      seconds * 1000 + scriptsEndMs,
    );
    return done(
      ends.flatMap((end, i) =>
        end.status === 'rejected'
          ? [`${present(selection.scenarios[i], 'one each').name}: ${messageOf(end.reason)}`]
          : [],
      ),
    );
  } catch (error) {
    return done([messageOf(error)]);
  } finally {
    clearInterval(progress);
    run.end();
  }
}

/** Heals, sees that the cluster is whole and writes, ends the traffic and has it checked. Adds to `failures`. */
async function atTheEnd(
  { clock }: Harness,
  { onProgress }: ScenarioOptions,
  target: Target,
  traffic: Traffic,
  failures: string[],
): Promise<TrafficReport | null> {
  onProgress?.('faults end, the cluster settles');
  failures.push(...(await healed(target)));
  const alive = new RunClock(clock, livenessMs);
  await acknowledgedSince({ acknowledged: () => traffic.acknowledged, clock }, alive).catch(() => {
    failures.push(`no write was acknowledged within ${livenessMs / 1000} s after all faults had ended`);
  });
  await clock.delay(coolDownMs);
  await bounded(traffic.stop(), 'the traffic does not end').catch((error: unknown) =>
    failures.push(messageOf(error)),
  );
  onProgress?.('checks');
  try {
    await bounded(target.settled(), 'the cluster does not settle without load');
    return await bounded(traffic.check(), 'the checks do not end', checkMs);
  } catch (error) {
    failures.push(messageOf(error));
    return null;
  }
}
