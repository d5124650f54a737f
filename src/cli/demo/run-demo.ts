import { setTimeout as delay } from 'node:timers/promises';
import type { TanistClient } from '../../client/index.ts';
import { TanistError } from '../../foundation/errors.ts';
import { rounded } from '../../foundation/statistics.ts';
import { cleanup } from '../../local/cleanup.ts';
import { type LocalCluster, type LocalNode, startLocalCluster } from '../../local/local-cluster.ts';
import { workFolder } from '../../local/work-folder.ts';
import { outageOf } from '../../verification/outage.ts';
import { openClient } from '../client.ts';
import { exitOnSignal } from '../local/stop-signal.ts';
import { reportJson, showReport } from '../promotion/report-text.ts';
import { figure } from '../terminal/figure.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { type ForcedEnd, forcedEnd } from './forced-end.ts';
import { emptyLedger, type Ledger } from './ledger.ts';
import { type MetricStream, metricPrediction, metricPrefix, startMetricStream } from './metric-stream.ts';
import { type ReadBack, readAllBack } from './read-back.ts';
import { type TimelineEntry, type Witness, witness } from './timeline.ts';

export interface DemoOptions {
  readonly seconds: number;
  readonly json?: boolean;
}

const drawMs = 100;
const snapshotEveryMs = 2000;
const recoveryMs = 15_000;

interface Failover {
  readonly failoverMs: number;
  readonly timeline: readonly TimelineEntry[];
}

export async function runDemo(options: DemoOptions): Promise<void> {
  exitOnSignal();
  await using folder = await workFolder(undefined, 'tanist-demo-');
  await using stack = cleanup();
  const out = outputTo(options.json === true);
  const { style } = out;
  const seen = witness();
  out.say(
    `${style.bold('Tanist')}: three hot replicas, a warm one and a cold one on this machine, a process each; data in ${folder.path}\n`,
  );
  out.progress.update('starting five nodes …');
  const startedMs = performance.now();
  const cluster = await startLocalCluster({
    folder: folder.path,
    hot: 3,
    warm: 1,
    cold: 1,
    config: { snapshots: { everyMs: snapshotEveryMs } },
    onLog: seen.heard,
  });
  stack.defer(() => cluster.stop());
  const client = await openClient(cluster.endpoints);
  stack.defer(() => client.close({ drainMs: 0 }));
  await client.get(metricPrefix, { prefix: true, countOnly: true });
  step(
    out,
    `cluster ready after ${figure(rounded(performance.now() - startedMs, 0))} ms, led by ${style.bold(client.routing()?.leader ?? '?')}`,
  );

  await client.setPolicy(metricPrefix, {
    acknowledge: 'quorum',
    tier: 'critical',
    predict: metricPrediction,
  });
  const ledger = emptyLedger();
  const stream = startMetricStream(client, ledger);
  await watchStream(out, client, ledger, stream, options.seconds * 500);
  step(
    out,
    `${stream.keys} metrics of this machine, ten times a second each: ${figure(ledger.writes.length)} writes acknowledged`,
  );

  const failover = await killLeader(out, cluster, client, ledger, seen);
  await watchStream(out, client, ledger, stream, options.seconds * 500);
  out.progress.update('waiting for the last answers …');
  await stream.stop();
  out.progress.update('reading everything back …');
  const readBack = await readAllBack(client, ledger.writes);
  showReadBack(out, ledger, readBack);
  const warm = cluster.nodes.find(({ tier }) => tier === 'warm');
  const end =
    warm === undefined ? null : await endUnderLoad(out, cluster, client, warm, stream, options.seconds * 250);
  if (end !== null) showEnd(out, end);
  else step(out, 'the warm replica has taken the place of the killed one by itself: three hot ones again');
  conclude(out, ledger, stream, failover, readBack, end);
}

/** The stream goes on over the end of every hot replica, so that the machine has as much to do after it as before. */
async function endUnderLoad(
  out: Output,
  cluster: LocalCluster,
  client: TanistClient,
  warm: LocalNode,
  before: MetricStream,
  ms: number,
): Promise<ForcedEnd | null> {
  const ledger = emptyLedger();
  const stream = startMetricStream(client, ledger);
  try {
    await watchStream(out, client, ledger, stream, ms);
    out.progress.update('killing every hot replica …');
    const range = (key: string): number => Math.max(before.range(key), stream.range(key));
    return await forcedEnd(cluster, client, warm, { latest: stream.latest, range });
  } finally {
    // Nobody answers its last writes.
    void stream.stop();
  }
}

/** The last act: what is left when nothing hot is left. */
function showEnd(
  out: Output,
  { killed, cold, report, tookMs, keysBefore, keysAfter, predicted }: ForcedEnd,
): void {
  const { style } = out;
  step(out, `SIGKILL to ${killed.map((id) => style.bold(id)).join(' and ')}: no quorum is left`, 'red');
  showReport(out, report);
  if (cold !== null)
    step(
      out,
      `${style.bold(cold.id)}, cold, answers from its snapshot of revision ${figure(cold.revision)}: ${cold.keys} keys, ${figure(rounded(cold.ageMs, 0))} ms old`,
    );
  step(
    out,
    `${style.bold(report.fork.promoted)}, promoted by force, took the first write after ${figure(rounded(tookMs, 0))} ms, with ${keysAfter} of the ${keysBefore} keys of the stream`,
    keysAfter === keysBefore ? 'green' : 'red',
  );
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  step(
    out,
    predicted.keys === 0
      ? 'nothing was predicted of the stream'
      : `its state of the ${predicted.keys} metrics that move, against this machine now: ${style.bold(percent(predicted.errorWith))} off as it predicted, ${percent(predicted.errorWithout)} as last known (medians, of the range of each)`,
  );
}

function showReadBack(out: Output, ledger: Ledger, { found, lost, twice }: ReadBack): void {
  const good = lost === 0 && twice === 0;
  step(
    out,
    `read all back: ${figure(ledger.writes.length)} acknowledged, ${figure(found)} found, ${out.style.bold(`${lost} lost`)}, ${twice} applied twice`,
    good ? 'green' : 'red',
  );
}

async function watchStream(
  out: Output,
  client: TanistClient,
  ledger: Ledger,
  stream: MetricStream,
  ms: number,
): Promise<void> {
  const untilMs = performance.now() + ms;
  let before = { count: ledger.writes.length, atMs: performance.now() };
  while (performance.now() < untilMs) {
    await delay(Math.min(drawMs, untilMs - performance.now()));
    const now = { count: ledger.writes.length, atMs: performance.now() };
    const rate = ((now.count - before.count) * 1000) / (now.atMs - before.atMs);
    before = now;
    out.progress.update(
      `${stream.keys} keys · ${figure(Math.round(rate))} writes/s · ${figure(now.count)} acknowledged · leader ${client.routing()?.leader ?? 'none'}`,
    );
  }
}

async function killLeader(
  out: Output,
  cluster: LocalCluster,
  client: TanistClient,
  ledger: Ledger,
  seen: Witness,
): Promise<Failover> {
  const leader = (await client.status()).leader ?? cluster.nodes[0]?.id ?? '';
  const killedAtMs = performance.now();
  cluster.kill(leader, 'SIGKILL');
  step(out, `SIGKILL to ${out.style.bold(leader)}, process ${cluster.node(leader).pid}, under load`, 'red');
  let outage = outageOf(ledger.writes, killedAtMs);
  while (outage === null) {
    if (performance.now() - killedAtMs > recoveryMs)
      throw new TanistError(
        'unavailable',
        `no write was acknowledged for ${recoveryMs / 1000} s after ${leader} was killed`,
      );
    await delay(20);
    outage = outageOf(ledger.writes, killedAtMs);
  }
  // The gap is only known to have been the longest once the time after it has passed; the logs come through a pipe, too.
  await delay(200);
  outage = outageOf(ledger.writes, killedAtMs) ?? outage;
  const timeline = seen.timeline(
    leader,
    performance.timeOrigin + killedAtMs,
    performance.timeOrigin + outage.firstAfterMs,
  );
  for (const { atMs, text } of timeline)
    out.say(`  ${out.style.cyan(`${atMs.toFixed(1).padStart(8)} ms`)}  ${text}`);
  step(
    out,
    `the client was without acknowledgements for ${out.style.bold(`${outage.outageMs.toFixed(1)} ms`)}`,
  );
  return { failoverMs: outage.outageMs, timeline };
}

function conclude(
  out: Output,
  ledger: Ledger,
  stream: MetricStream,
  { failoverMs, timeline }: Failover,
  { found, lost, twice, unacknowledged }: ReadBack,
  end: ForcedEnd | null,
): void {
  const { style } = out;
  const acknowledged = ledger.writes.length;
  const good = lost === 0 && twice === 0;
  if (good) {
    out.say('\nNow yourself: keep a cluster running with');
    out.say(`  ${style.bold('npx tanist up')}`);
    out.say('and in another terminal');
    for (const line of [
      'npx tanist put greeting hello',
      'npx tanist get greeting',
      'npx tanist status',
      'npx tanist transfer',
    ])
      out.say(`  ${style.bold(line)}`);
  }
  out.document({
    acknowledged,
    lost,
    failoverMs: rounded(failoverMs),
    timeline: timeline.map((entry) => ({ ...entry, atMs: rounded(entry.atMs) })),
    found,
    appliedTwice: twice,
    unacknowledged,
    failed: stream.failed,
    keys: stream.keys,
    forced:
      end === null
        ? null
        : {
            ...reportJson(end.report),
            tookMs: rounded(end.tookMs),
            keysBefore: end.keysBefore,
            keysAfter: end.keysAfter,
            cold: end.cold,
          },
    predicted:
      end === null
        ? null
        : {
            keys: end.predicted.keys,
            errorWith: rounded(end.predicted.errorWith, 4),
            errorWithout: rounded(end.predicted.errorWithout, 4),
          },
  });
  if (!good)
    throw new TanistError(
      'data-damaged',
      `${lost} acknowledged writes are missing and ${twice} were applied twice`,
    );
}

function step(out: Output, text: string, colour: 'green' | 'red' = 'green'): void {
  out.say(`${colour === 'green' ? out.style.green('✔') : out.style.red('✖')} ${text}`);
}
