import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict } from '../../../../failover/before-death/judge-hand-over.ts';
import { type SignalName, signalNames } from '../../../../failover/before-death/signals.ts';
import { cleanup } from '../../../../local/cleanup.ts';
import { outageOf } from '../../../../verification/outage.ts';
import { startOpenLoop } from '../../load/open-loop.ts';
import { type Seen, startFaulty } from './faulty-cluster.ts';
import { ramps } from './ramps.ts';

/** Enough readings to know what is usual. */
const beforeMs = 12_000;
const afterMs = 1500;
const verdictMs = 25_000;
const valueBytes = 256;
const keys = 1000;
const smallPart = 0.5;

export interface BeforeDeathRun {
  readonly signal: SignalName;
  /**
   * What came first. `disturbed`: another took over while the fault was still small, as on a machine that is busy otherwise; such a run says
   * nothing.
   */
  readonly end: 'handed over' | 'failed' | 'disturbed';
  /** For which signal; another one than was made ill is told as it is. */
  readonly because: string;
  /** How far the fault had grown, 1 being the limit. */
  readonly part: number;
  /** Longest time without an acknowledgement around the hand-over, and the longest in the second before it. */
  readonly gapMs: number;
  readonly usualGapMs: number;
  readonly foretoldInMs: number;
  readonly verdict: Verdict | 'none';
  /** Why the leader stayed although its end was foretold, the last time that it said so; empty: it never did. */
  readonly withheld: string;
}

/** One cluster, one leader that falls ill under a steady load of writes. */
export async function oneBeforeDeathRun(
  signal: SignalName,
  folder: string,
  rate: number,
): Promise<BeforeDeathRun> {
  await using stack = cleanup();
  const where = await startFaulty(folder, stack, signal === 'disk');
  const { client, cluster, seen } = where;
  await where.leader();
  const value = randomBytes(valueBytes);
  const load = startOpenLoop(rate, (sequence) =>
    client.put(`k${sequence % keys}`, value, { deadlineMs: 20_000 }),
  );
  stack.defer(() => load.stop());
  await delay(beforeMs);
  const victim = await where.leader();
  const fromMs = performance.now();
  let part = 0;
  let over = false;
  let partAtEnd = 0;
  let end: { readonly kind: BeforeDeathRun['end']; readonly atMs: number } | null = null;
  const look = (): void => {
    if (end !== null) return;
    const failed =
      failureIn(seen, victim, fromMs) ?? (cluster.node(victim).running() ? null : performance.now());
    const handed = handOverIn(seen, victim, fromMs);
    if (handed !== null && (failed === null || handed.electedMs <= failed))
      end = { kind: 'handed over', atMs: handed.foreseenMs };
    else if (failed !== null)
      end = { kind: isDisturbed(signal, part, seen) ? 'disturbed' : 'failed', atMs: failed };
    else if (part >= 1) end = { kind: 'failed', atMs: performance.now() };
    if (end !== null) partAtEnd = part;
  };
  const ramp = ramps[signal](
    where,
    victim,
    () => over,
    (reached) => {
      part = reached;
      look();
    },
  );
  await ramp;
  cluster.kill(victim, 'SIGCONT');
  await delay(afterMs);
  look();
  const ended = end as { readonly kind: BeforeDeathRun['end']; readonly atMs: number } | null;
  const handed = handOverIn(seen, victim, fromMs);
  const verdict = ended?.kind === 'handed over' ? await verdictOf(where, verdictMs) : 'none';
  over = true;
  await load.stop();
  const acknowledged = load.acknowledged;
  const gap = handed === null ? null : outageOf(acknowledged, handed.foreseenMs, handed.electedMs);
  const usual = acknowledged.filter(
    ({ ackedAtMs }) =>
      handed !== null && ackedAtMs > handed.foreseenMs - 1000 && ackedAtMs < handed.foreseenMs,
  );
  let usualGapMs = 0;
  for (const [i, { ackedAtMs }] of usual.entries())
    usualGapMs = Math.max(usualGapMs, ackedAtMs - (usual[i - 1]?.ackedAtMs ?? ackedAtMs));
  return {
    signal,
    end: ended?.kind ?? 'failed',
    because: handed?.signal ?? '',
    part: partAtEnd,
    gapMs: gap?.outageMs ?? Number.NaN,
    usualGapMs,
    foretoldInMs: handed?.inMs ?? Number.NaN,
    verdict,
    withheld:
      seen.findLast(({ id, record }) => id === victim && record.because !== undefined)?.record.because ?? '',
  };
}

interface Handed {
  readonly foreseenMs: number;
  readonly electedMs: number;
  readonly signal: string;
  readonly inMs: number;
}

function handOverIn(seen: readonly Seen[], victim: string, fromMs: number): Handed | null {
  const foreseen = seen.find(
    ({ id, atMs, record }) =>
      id === victim && atMs >= fromMs && record.event === 'death-foreseen' && typeof record.to === 'string',
  );
  if (foreseen === undefined) return null;
  const elected = seen.find(
    ({ id, atMs, record }) =>
      id === foreseen.record.to && atMs >= foreseen.atMs && record.event === 'elected',
  );
  if (elected === undefined) return null;
  const signal = signalNames.find((name) => name === foreseen.record.signal) ?? '';
  const { inMs = Number.NaN } = foreseen.record;
  return { foreseenMs: foreseen.atMs, electedMs: elected.atMs, signal, inMs };
}

/** A leader with slow syncs or a disk that fills is not deposed for that: its peers hear it as ever. */
function isDisturbed(signal: SignalName, part: number, seen: readonly Seen[]): boolean {
  if (seen.some(({ record }) => record.event === 'failed' || record.event === 'disk-full')) return false;
  return part < smallPart || signal === 'sync' || signal === 'disk';
}

/** When it stopped, or was taken for dead; null: neither. */
function failureIn(seen: readonly Seen[], victim: string, fromMs: number): number | null {
  const failed = seen.find(
    ({ id, atMs, record }) =>
      atMs >= fromMs &&
      ((id === victim && (record.event === 'failed' || record.event === 'disk-full')) ||
        (id !== victim && record.event === 'elected')),
  );
  return failed?.atMs ?? null;
}

async function verdictOf(
  where: { readonly handOvers: () => Promise<readonly { readonly verdict: Verdict }[]> },
  patienceMs: number,
): Promise<Verdict | 'none'> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const [first] = await where.handOvers().catch(() => []);
    if (first !== undefined && (first.verdict !== 'open' || performance.now() > untilMs))
      return first.verdict;
    if (performance.now() > untilMs) return 'none';
    await delay(250);
  }
}
