import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import { budgets } from '../moment.ts';
import { Claims } from '../run/claims.ts';
import type { Harness } from '../run/harness.ts';
import { bounded, healed, messageOf } from '../run/heal.ts';
import { MomentLog } from '../run/moment-log.ts';
import { type ProcessWatch, watchProcesses } from '../run/process-watch.ts';
import { brokenResult, type ScenarioResult } from '../run/result.ts';
import { resultOf } from '../run/result-of.ts';
import { RunClock } from '../run/run-clock.ts';
import { acknowledgedSince, type Stage } from '../run/script-context.ts';
import { SharedLinks } from '../run/shared-links.ts';
import type { TargetOptions } from '../target/options.ts';
import type { Target } from '../target.ts';
import type { AcknowledgedAt, Traffic } from '../traffic.ts';
import { soakPool } from './pool.ts';
import { soakSchedule } from './schedule.ts';
import { runSegment } from './segment.ts';
import type { SoakState } from './soak-state.ts';

export interface SoakEvents {
  readonly stop?: AbortSignal;
  /** An empty folder for a cluster, which may be the second one after a failure or a resumption. */
  readonly folder: () => Promise<string>;
  readonly progress?: (text: string) => void;
  /** The first cluster is there; these scenarios are left out, each with its reason. */
  readonly opened?: (leftOut: readonly string[]) => void;
  /** After each segment, before the next: what is written now is what a resumption goes on from. */
  readonly ended: (result: ScenarioResult, state: SoakState, clusterFolder: string) => Promise<void>;
}

type Shape = Pick<TargetOptions, 'config' | 'build'>;

const hourMs = 3_600_000;
const checkMs = 300_000;
const livenessMs = 20_000;
const sampleMs = 5000;
const trafficStopMs = 20_000;
/** Before each further attempt at a cluster that did not start; after the last one the soak is given up. */
const startAgainMs = [1000, 5000, 15_000] as const;

/** One cluster under test, segment after segment; a new one when one could not be brought to rest. */
interface Ward {
  readonly target: Target;
  readonly traffic: Traffic;
  readonly folder: string;
  /** Of the run's clock, which begins anew with each segment in what is reported. */
  log: MomentLog;
}

/**
 * Goes on from `state` until its hours are over or it is told to stop. What a cluster does that once started is in the results. Errors:
 * `unavailable`, of a first cluster that did not start, and of several in a row.
 */
export async function runSoak(
  harness: Harness,
  state: SoakState,
  shape: Shape,
  events: SoakEvents,
): Promise<SoakState> {
  const { clock } = harness;
  const beganMs = clock.nowMs();
  let now = state;
  let ward: Ward | null = null;
  let everOpened = false;
  let failedStarts = 0;
  const over = async (result: ScenarioResult, folder: string): Promise<void> => {
    const elapsedMs = state.elapsedMs + (clock.nowMs() - beganMs);
    now = { ...now, segmentsDone: now.segmentsDone + 1, elapsedMs };
    await events.ended(result, now, folder);
  };
  try {
    while (
      state.elapsedMs + (clock.nowMs() - beganMs) < state.hours * hourMs &&
      events.stop?.aborted !== true
    ) {
      let folder = ward?.folder ?? '';
      try {
        if (ward === null) {
          folder = await events.folder();
          ward = await openWard(harness, now, shape, folder);
        }
      } catch (error) {
        const reason = messageOf(error);
        if (!everOpened) throw new TanistError('unavailable', `the cluster did not start: ${reason}`);
        await over(brokenResult(namedOf(now), reason), folder);
        const pauseMs = startAgainMs[failedStarts++];
        if (pauseMs === undefined)
          throw new TanistError('unavailable', `the cluster did not start ${failedStarts} times: ${reason}`);
        await clock.delay(pauseMs, events.stop);
        continue;
      }
      if (!everOpened) events.opened?.(soakPool(ward.target).leftOut);
      everOpened = true;
      failedStarts = 0;
      const result = await oneSegment(harness, ward, now, events).catch((error: unknown) =>
        brokenResult(namedOf(now), messageOf(error)),
      );
      await over(result, folder);
      // A cluster that does not come to rest is left; the next segment has a new one.
      if (result.failures.length > 0) {
        await closeWard(ward);
        ward = null;
      }
    }
  } finally {
    await closeWard(ward);
  }
  return now;
}

async function openWard(
  { startTarget, startTraffic, clock }: Harness,
  state: SoakState,
  shape: Shape,
  folder: string,
): Promise<Ward> {
  const nowMs = (): number => clock.nowMs();
  const { hot, warm, cold, network, rate, clients } = state;
  let log = new MomentLog(nowMs);
  const target = await startTarget({
    kind: 'tanist',
    folder: join(folder, 'cluster'),
    temporaryFolder: true,
    hot,
    warm,
    cold,
    network,
    ...shape,
    onMoment: (moment) => log.keep(moment),
    nowMs,
  });
  try {
    const seed = state.seed * 1000 + state.segmentsDone;
    const traffic = await startTraffic(target, {
      rate,
      clients,
      seed,
      nowMs,
      onMoment: (moment) => log.keep(moment),
    });
    return {
      target,
      traffic,
      folder,
      get log() {
        return log;
      },
      set log(next) {
        log = next;
      },
    };
  } catch (error) {
    await target.stop();
    throw error;
  }
}

async function closeWard(ward: Ward | null): Promise<void> {
  if (ward === null) return;
  // In order where that can be: what is under way ends before its connections do.
  await bounded(ward.traffic.stop(), 'the traffic does not stop', trafficStopMs).catch(() => undefined);
  await bounded(ward.traffic.close(), 'the traffic does not end').catch(() => undefined);
  await bounded(ward.target.stop(), 'the cluster does not stop').catch(() => undefined);
}

function namedOf({
  seed,
  segmentsDone,
  segmentSeconds,
}: SoakState): Pick<ScenarioResult, 'scenario' | 'seed' | 'target' | 'replay'> {
  return {
    scenario: `soak ${segmentsDone + 1}`,
    seed,
    target: 'tanist',
    replay: `npx tanist chaos soak --hours ${Math.ceil(((segmentsDone + 1) * segmentSeconds) / 360) / 10} --seed ${seed} --segment ${segmentSeconds}`,
  };
}

async function oneSegment(
  harness: Harness,
  ward: Ward,
  state: SoakState,
  { stop, progress }: SoakEvents,
): Promise<ScenarioResult> {
  const { clock } = harness;
  const { target, traffic } = ward;
  const zeroMs = clock.nowMs();
  const zeroEpochMs = clock.epochMs();
  const log = new MomentLog(() => clock.nowMs());
  // Who leads now is known from before; without it the first change of leader would not count as one.
  const leader = ward.log.moments.findLast(({ kind }) => kind === 'leader');
  if (leader?.kind === 'leader') log.add({ kind: 'leader', member: leader.member, term: leader.term });
  ward.log = log;
  const watch = watchProcesses(target, () => clock.nowMs(), sampleMs);
  const lengthMs = state.segmentSeconds * 1000;
  const pool = soakPool(target);
  const without = `not in this soak: ${pool.leftOut.join(', ')}`;
  if (pool.leftOut.length > 0) log.add({ kind: 'note', member: null, text: without });
  const entries = soakSchedule(
    state.seed,
    state.segmentsDone,
    lengthMs,
    pool.scenarios.map(({ name }) => name),
  );
  const stage: Stage = {
    target,
    links: new SharedLinks(target.links),
    claims: new Claims(state.hot, () => target.settled()),
    log,
    clock,
    acknowledged: () => traffic.acknowledged,
    crowded: true,
  };
  const shown = setInterval(
    () =>
      progress?.(
        `segment ${state.segmentsDone + 1}: ${traffic.acknowledged.length} writes, ${log.active} faults`,
      ),
    1000,
  );
  const failures: string[] = [];
  try {
    failures.push(...(await runSegment(stage, entries, pool.scenarios, lengthMs, stop)));
    const faultsToMs = clock.nowMs();
    failures.push(...(await healed(target)));
    const alive = new RunClock(clock, livenessMs);
    await acknowledgedSince(stage, alive).catch(() => {
      failures.push(`no write was acknowledged within ${livenessMs / 1000} s after all faults had ended`);
    });
    // What the checkpoint forgets.
    const { acknowledged, samples } = traffic;
    const report = await bounded(traffic.checkpoint(), 'the checks do not end', checkMs).catch(
      (error: unknown) => {
        failures.push(messageOf(error));
        return null;
      },
    );
    const endedMs = clock.nowMs();
    watch.stop();
    return await resultOf({
      options: {
        ...namedOf(state),
        selection: { name: namedOf(state).scenario },
        seconds: state.segmentSeconds,
        budgets,
        assertBudgets: false,
      },
      target,
      traffic: {
        acknowledged: acknowledged.map((write) => shiftedWrite(write, zeroMs)),
        samples: samples.map((sample) => ({ ...sample, atMs: sample.atMs - zeroMs })),
      },
      report,
      moments: log.moments.map((moment) => ({ ...moment, atMs: moment.atMs - zeroMs })),
      watch: shiftedWatch(watch, zeroMs),
      failures,
      zeroEpochMs,
      faultsFromMs: 0,
      faultsToMs: faultsToMs - zeroMs,
      endedMs: endedMs - zeroMs,
    });
  } finally {
    clearInterval(shown);
    watch.stop();
  }
}

/** Times of a result count from the beginning of its segment. */
function shiftedWrite({ issuedAtMs, ackedAtMs }: AcknowledgedAt, zeroMs: number): AcknowledgedAt {
  return { issuedAtMs: issuedAtMs - zeroMs, ackedAtMs: ackedAtMs - zeroMs };
}

function shiftedWatch(
  { samples, load }: ProcessWatch,
  zeroMs: number,
): Pick<ProcessWatch, 'samples' | 'load'> {
  return {
    samples: new Map(
      [...samples].map(([id, list]) => [
        id,
        list.map((sample) => ({ ...sample, atMs: sample.atMs - zeroMs })),
      ]),
    ),
    load: {
      cores: load.cores,
      stalls: load.stalls.map(({ fromMs, toMs }) => ({ fromMs: fromMs - zeroMs, toMs: toMs - zeroMs })),
      loads: load.loads.map(({ atMs, load: value }) => ({ atMs: atMs - zeroMs, load: value })),
    },
  };
}
