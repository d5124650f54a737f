import type { Harness, HarnessClock } from '../../../src/chaos/run/harness.ts';
import type { TargetOptions } from '../../../src/chaos/target/options.ts';
import type { Need, Target } from '../../../src/chaos/target.ts';
import type { AcknowledgedAt, Sample, Traffic, TrafficReport, Verdict } from '../../../src/chaos/traffic.ts';

export interface FakeOptions {
  readonly clock: HarnessClock;
  readonly lacks?: (need: Need) => string | null;
  readonly verdicts?: readonly Verdict[];
  readonly lost?: number;
  /** From the start of the traffic on nothing is acknowledged once this many faults have struck. */
  readonly diesAfterKills?: number;
  readonly transfer?: () => Promise<void>;
  readonly flipBit?: () => string | null;
  /** Somebody is elected then, for no cause. */
  readonly electsAtMs?: number;
  readonly onStop?: () => void;
  /** Throws where the cluster is not to start. */
  readonly onStart?: () => void;
}

/** A cluster in words: the first running member leads, `electionMs` after the one before it ended; a write every 4 ms. */
export function fakeHarness(options: FakeOptions): Harness {
  const { clock } = options;
  const electionMs = 30;
  let leads: () => boolean = () => true;
  const startTarget = async (wish: TargetOptions): Promise<Target> => {
    options.onStart?.();
    const ids = Array.from({ length: wish.hot }, (_, n) => `n${n}`);
    const up = new Set(ids);
    let term = 1;
    let leader = 'n0';
    let openAtMs = 0;
    let kills = 0;
    const elect = (): void => {
      const next = ids.find((id) => up.has(id));
      if (next === undefined || up.has(leader)) return;
      leader = next;
      term++;
      openAtMs = clock.nowMs() + electionMs;
      wish.onMoment({ kind: 'leader', atMs: wish.nowMs() + electionMs, member: leader, term });
    };
    leads = () =>
      up.size > ids.length / 2 &&
      up.has(leader) &&
      clock.nowMs() >= openAtMs &&
      kills < (options.diesAfterKills ?? Number.POSITIVE_INFINITY);
    wish.onMoment({ kind: 'leader', atMs: wish.nowMs(), member: leader, term });
    if (options.electsAtMs !== undefined)
      void clock.delay(options.electsAtMs).then(() => {
        term++;
        wish.onMoment({ kind: 'leader', atMs: wish.nowMs(), member: leader, term });
      });
    return {
      kind: wish.kind,
      wrongRates: [],
      links: {
        how: 'proxy',
        why: 'a test',
        can: () => true,
        shape: async () => undefined,
        heal: async () => undefined,
      },
      disk: {
        flipBit: async () => options.flipBit?.() ?? null,
        truncateTail: async () => null,
        remove: async () => undefined,
        save: async () => '',
        putBack: async () => undefined,
        fill: async () => undefined,
      },
      members: ids.map((id) => ({ id, tier: 'hot', client: id, http: null })),
      endpoints: ids,
      lacks: options.lacks ?? (() => null),
      pid: (id) => (up.has(id) ? 1 : null),
      dataFolder: () => '/nowhere',
      logFile: () => '/nowhere/log',
      leader: async () => leader,
      heirs: async () => ids.filter((id) => id !== leader && up.has(id)),
      term: async () => term,
      signal: (id, signal) => {
        if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
        if (!up.delete(id)) return;
        kills++;
        wish.onMoment({ kind: 'process', atMs: wish.nowMs(), member: id, state: 'ended' });
        elect();
      },
      exited: async () => undefined,
      start: async (id) => {
        await clock.delay(50);
        up.add(id);
        wish.onMoment({ kind: 'process', atMs: wish.nowMs(), member: id, state: 'serves' });
        elect();
      },
      fault: () => undefined,
      transfer: options.transfer ?? (async () => undefined),
      settled: async () => undefined,
      stop: async () => options.onStop?.(),
    };
  };
  const startTraffic: Harness['startTraffic'] = async (_target, { nowMs }) => {
    let acknowledged: AcknowledgedAt[] = [];
    let samples: Sample[] = [];
    let stopped = false;
    void (async () => {
      let last = 0;
      for (let i = 0; !stopped; i++) {
        const issuedAtMs = nowMs();
        await clock.delay(4);
        if (leads()) acknowledged.push({ issuedAtMs, ackedAtMs: nowMs() });
        if (i % 60 === 0) {
          samples.push({
            atMs: nowMs(),
            acknowledged: acknowledged.length - last,
            failed: 0,
            indeterminate: 0,
            p50Ms: 1,
            p99Ms: 3,
            lagMs: 0,
          });
          last = acknowledged.length;
        }
      }
    })();
    const check = async (): Promise<TrafficReport> => ({
      operations: acknowledged.length,
      acknowledged: acknowledged.length,
      failed: 0,
      indeterminate: 0,
      lost: options.lost ?? 0,
      earlyLost: 0,
      verdicts: options.verdicts ?? [
        { check: 'linearizable', answer: 'yes', detail: 'all of it', violations: [] },
        { check: 'watch', answer: 'yes', detail: 'all of it', violations: [] },
      ],
    });
    const traffic: Traffic = {
      get acknowledged() {
        return acknowledged;
      },
      get samples() {
        return samples;
      },
      stalls: [],
      parts: [],
      leftOut: [],
      stop: async () => {
        stopped = true;
      },
      check,
      checkpoint: async () => {
        const report = await check();
        acknowledged = [];
        samples = [];
        return report;
      },
      close: async () => {
        stopped = true;
      },
    };
    return traffic;
  };
  return { startTarget, startTraffic, clock };
}
