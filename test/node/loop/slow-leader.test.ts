import test from 'ava';
import { logIndex, noSession, term } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { ClusterClock } from '../../../src/node/loop/cluster-clock.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Command } from '../../../src/ports/command.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { put } from '../../state/commands.ts';

const ttlMs = 10_000;
const grant: Command = { kind: 'leaseGrant', id: 7n as never, ttlMs };
const renewal: Command = { kind: 'leaseKeepAlive', ids: [7n as never] };

/** Replicas whose clocks run at paces of their own; a block is heard `delayMs` after its stamp, and applied a little later. */
class Cluster {
  /** True time. */
  nowMs = 1000;
  readonly state = createStateMachine({ limits: defaultRequestLimits });
  readonly clocks: readonly ClusterClock[];
  leader = 0;
  #term = 1;
  #index = 0;

  constructor(rates: readonly number[]) {
    this.clocks = rates.map((rate, i) => {
      const nowMs = (): number => 5_000_000 * i + this.nowMs * rate;
      return new ClusterClock({ nowMs, wallMs: () => 1.7e12 + this.nowMs * rate } as Clock, () => 0);
    });
    this.leads.leads(term(1));
  }

  get leads(): ClusterClock {
    return this.clocks[this.leader] as ClusterClock;
  }

  block(delayMs: number, ...commands: readonly Command[]): void {
    const timeMs = this.leads.stamp();
    this.#index++;
    this.nowMs += delayMs;
    for (const clock of this.clocks) if (clock !== this.leads) clock.heard(timeMs, term(this.#term));
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    this.state.apply({ index: logIndex(this.#index), term: term(this.#term) }, { timeMs, batches: [batch] });
    this.state.takeDeltas();
    this.leads.saw(this.state.timeMs, term(this.#term));
    this.nowMs += delayMs;
    for (const clock of this.clocks) clock.saw(this.state.timeMs, term(this.#term));
  }

  failover(to: number, outageMs: number): void {
    this.leads.leads(null);
    this.nowMs += outageMs;
    this.leader = to;
    this.#term++;
    this.leads.leads(term(this.#term));
  }

  /** As a leader does it: a block a second, and when the lease is due. Says when it was gone. */
  untilGone(): number {
    for (; this.state.leaseCount > 0; this.nowMs += 1) {
      const nowMs = this.leads.now();
      const due = this.state.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
      if (due <= nowMs || nowMs - this.state.timeMs >= 1000) this.block(0.1);
    }
    return this.nowMs;
  }
}

interface Run {
  readonly rate: number;
  readonly forMs: number;
  readonly everyMs: number;
  readonly delayMs: (leftMs: number) => number;
  readonly renews: boolean;
  readonly outageMs: number;
}

/** How much later than its time-to-live a lease ends that was granted or renewed under a slow leader just before it failed; < 0: early. */
function lateMs({ rate, forMs, everyMs, delayMs, renews, outageMs }: Run): number {
  const cluster = new Cluster([1, rate, 1]);
  for (let i = 0; i < 50; i++) cluster.block(2, put('a', `${i}`));
  cluster.failover(1, 50);
  if (renews) cluster.block(1, grant);
  const untilMs = cluster.nowMs + forMs;
  while (cluster.nowMs < untilMs) {
    cluster.block(delayMs(untilMs - cluster.nowMs), put('a', ''), ...(renews ? [renewal] : []));
    cluster.nowMs += everyMs;
  }
  const calledMs = cluster.nowMs;
  cluster.block(delayMs(0), renews ? renewal : grant);
  cluster.failover(2, outageMs);
  return cluster.untilGone() - calledMs - ttlMs;
}

const rates = [0.5, 0.7, 0.9, 1];
const spansMs = [0, 60, 400, 1500, 5000, 25_000];

test('a lease granted or renewed just before a slow leader fails ends in time under the next one', (t) => {
  const random = seededRandom('slow leader');
  for (const rate of rates)
    for (const forMs of spansMs)
      for (const everyMs of [5, 50, 900])
        for (const renews of [false, true])
          for (const outageMs of [5, 600]) {
            let lastMs = 0;
            const delayMs = (): number => {
              lastMs = 0.5 + 4 * random.next();
              return lastMs;
            };
            const late = lateMs({ rate, forMs, everyMs, delayMs, renews, outageMs });
            const what = `× ${rate} for ${forMs} ms, blocks every ${everyMs}, ${renews ? 'renewed' : 'granted'}, outage ${outageMs}`;
            t.true(late >= -3, `${what}: ${late} ms`);
            t.true(late <= lastMs + 5, `${what}: ${late} ms, the last block ${lastMs}`);
          }
});

test('late blocks at the end of its time make it late by no more than they were, and never early', (t) => {
  for (const rate of rates)
    for (const forMs of [1500, 5000, 25_000])
      for (const burstMs of [100, 800, 3000]) {
        const delayMs = (leftMs: number): number => (leftMs <= burstMs ? 200 : 1);
        const late = lateMs({ rate, forMs, everyMs: 20, delayMs, renews: true, outageMs: 50 });
        t.true(late >= -3 && late <= 205, `× ${rate} for ${forMs} ms, late for ${burstMs}: ${late} ms`);
      }
});

test('a time in which nothing was stamped does not end it early either', (t) => {
  for (const rate of rates)
    for (const idleMs of [1900, 3000, 60_000]) {
      const cluster = new Cluster([1, rate, 1]);
      for (let i = 0; i < 50; i++) cluster.block(2, put('a', `${i}`));
      cluster.failover(1, 50);
      for (let i = 0; i < 50; i++) cluster.block(2, put('a', `${i}`));
      cluster.nowMs += idleMs;
      const calledMs = cluster.nowMs;
      cluster.block(2, grant);
      cluster.failover(2, 100);
      const late = cluster.untilGone() - calledMs - ttlMs;
      t.true(late >= -3 && late <= 5, `× ${rate}, idle for ${idleMs} ms: ${late} ms`);
    }
});

test('slow and right leaders by turns do not take a lease along either way', (t) => {
  const random = seededRandom('by turns');
  const cluster = new Cluster([1, 0.5, 1]);
  cluster.block(2, grant);
  let calledMs = cluster.nowMs;
  for (let turn = 0; turn < 40; turn++) {
    for (let i = 0; i < 40; i++) {
      calledMs = cluster.nowMs;
      cluster.block(1 + 3 * random.next(), renewal);
      cluster.nowMs += 40;
    }
    cluster.failover((cluster.leader + 1) % 3, 100);
  }
  if (cluster.leader === 1) cluster.failover(2, 100);
  const late = cluster.untilGone() - calledMs - ttlMs;
  t.true(late >= -3 && late <= 10, `${late} ms`);
});

test.serial('had the largest offset counted, it would have ended early', (t) => {
  t.teardown(() => activateMutant(null));
  const run = { rate: 0.5, forMs: 5000, everyMs: 50, delayMs: () => 1, renews: true, outageMs: 50 };
  t.true(lateMs(run) >= -3);
  activateMutant('largest-offset-counts');
  t.true(lateMs(run) < -1000, 'a lease renewed just before the failover ends early');
});
