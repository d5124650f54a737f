import test from 'ava';
import { clusterTimeMs, logIndex, noSession, term } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { ClusterClock } from '../../../src/node/loop/cluster-clock.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Command } from '../../../src/ports/command.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { put } from '../../state/commands.ts';

const grant = (ttlMs: number): Command => ({ kind: 'leaseGrant', id: 7n as never, ttlMs });

/** Two replicas' clocks over one log, as `TanistNode` uses them; a block is applied `delayMs` after its stamp. */
class Cluster {
  nowMs = 0;
  /** By which somebody has set all calendars forward. */
  calendarMs = 0;
  readonly state = createStateMachine({ limits: defaultRequestLimits });
  readonly clocks = [0, 1].map((i) => {
    const nowMs = (): number => this.nowMs + 5_000_000 * i;
    return new ClusterClock({
      nowMs,
      wallMs: () => 1.7e12 + this.nowMs + this.calendarMs + 3_600_000 * i,
    } as Clock);
  });
  leader = 0;
  term = 1;
  index = 0;
  readonly delayMs = 3;

  constructor() {
    this.clocks[0]?.leads(term(1));
  }

  block(...commands: readonly Command[]): void {
    const timeMs = (this.clocks[this.leader] as ClusterClock).stamp(logIndex(this.index++));
    this.nowMs += this.delayMs;
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    this.state.apply({ index: logIndex(this.index), term: term(this.term) }, { timeMs, batches: [batch] });
    this.state.takeDeltas();
    for (const clock of this.clocks) clock.saw(this.state.timeMs, term(this.term));
  }

  failover(): void {
    this.clocks[this.leader]?.leads(null);
    this.leader = 1 - this.leader;
    this.term++;
    this.clocks[this.leader]?.leads(term(this.term));
  }

  /** Passes time with the leader's own blocks, and one of other traffic every `trafficMs`; says when the lease was gone. */
  pass(forMs: number, trafficMs: number): number | null {
    const untilMs = this.nowMs + forMs;
    for (let nextMs = this.nowMs + trafficMs; this.nowMs < untilMs; this.nowMs += 10) {
      if (this.nowMs >= nextMs) {
        nextMs += trafficMs;
        this.block(put('a', ''));
      }
      const due = this.state.nextDeadlineMs;
      const nowMs = (this.clocks[this.leader] as ClusterClock).now();
      if (due !== null && (due <= nowMs || nowMs - this.state.timeMs >= 1000)) this.block();
      if (this.state.leaseCount === 0) return this.nowMs;
    }
    return null;
  }
}

test('a lease ends when its time-to-live has passed, however quiet the cluster is', (t) => {
  for (const ttlMs of [1000, 10_000, 60_000, 600_000]) {
    for (const trafficMs of [3, 5000, 11_000, 20_000, 60_000, 1e12]) {
      const cluster = new Cluster();
      cluster.block(put('a', ''));
      const grantedMs = cluster.nowMs;
      cluster.block(grant(ttlMs));
      const gone = (cluster.pass(2 * ttlMs, trafficMs) ?? Number.POSITIVE_INFINITY) - grantedMs;
      t.true(
        gone >= ttlMs && gone <= ttlMs + 20,
        `${ttlMs} ms, traffic every ${trafficMs}: gone after ${gone}`,
      );
    }
  }
});

test('nor does it end early after a time in which no block was needed, under a following leader either', (t) => {
  for (const idleMs of [1500, 2500, 60_000, 3_600_000]) {
    for (const failsOver of ['not', 'before', 'after']) {
      const cluster = new Cluster();
      for (let i = 0; i < 100; i++) cluster.block(put('a', `${i}`));
      cluster.nowMs += idleMs;
      if (failsOver === 'before') cluster.failover();
      const grantedMs = cluster.nowMs;
      cluster.block(grant(10_000));
      if (failsOver === 'after') {
        t.is(cluster.pass(1000, 5), null);
        cluster.failover();
      }
      const gone = (cluster.pass(20_000, 5) ?? Number.POSITIVE_INFINITY) - grantedMs;
      t.true(
        gone >= 10_000 - 5 && gone <= 10_030,
        `${idleMs} ms, fails over ${failsOver}: gone after ${gone}`,
      );
    }
  }
});

test('many failovers neither shorten a lease nor add more than their blocks were late', (t) => {
  const cluster = new Cluster();
  cluster.block(put('a', ''));
  const grantedMs = cluster.nowMs;
  cluster.block(grant(60_000));
  let gone: number | null = null;
  for (let i = 0; i < 30 && gone === null; i++) {
    gone = cluster.pass(3000, i % 2 === 0 ? 50 : 1e12);
    if (gone === null) cluster.failover();
  }
  const after = (gone ?? Number.POSITIVE_INFINITY) - grantedMs;
  t.true(after >= 60_000 && after <= 60_000 + 20 * 2 * cluster.delayMs + 20, `gone after ${after}`);
});

test('stamps that never reached the log do not take the time along', (t) => {
  const cluster = new Cluster();
  cluster.block(put('a', ''));
  const before = cluster.state.timeMs;
  const clock = cluster.clocks[0] as ClusterClock;
  // Refused: the end of the log stays where it was.
  for (let i = 0; i < 100; i++) {
    cluster.nowMs += 100;
    clock.stamp(logIndex(cluster.index));
  }
  const first = clock.stamp(logIndex(cluster.index));
  t.is<number, number>(first, before + 2000);
  cluster.nowMs += 1;
  t.is<number, number>(clock.stamp(logIndex(cluster.index + 1)), before + 2001);
});

test('a leader whose stamps are behind the state goes on from the state, like its followers', (t) => {
  let nowMs = 0;
  const [leader, follower] = [0, 1].map(
    () => new ClusterClock({ nowMs: () => nowMs, wallMs: () => 1.7e12 } as Clock),
  ) as [ClusterClock, ClusterClock];
  // It was away: the last block that it applied is 200 ms behind what the log holds.
  leader.saw(clusterTimeMs(10_000), term(3));
  leader.leads(term(4));
  t.is(Number(leader.stamp(logIndex(7))), 10_000);
  nowMs = 40;
  // Blocks of term 3 and its own first one, applied in one go.
  leader.saw(clusterTimeMs(10_200), term(4));
  follower.saw(clusterTimeMs(10_200), term(4));
  nowMs = 100;
  t.is(Number(leader.stamp(logIndex(8))), 10_260);
  t.true(follower.now() <= leader.now(), 'who leads next is not ahead');
});

test('a calendar that is set back, or forward, moves no lease', (t) => {
  for (const jumpMs of [-86_400_000, 86_400_000]) {
    const cluster = new Cluster();
    cluster.block(grant(5000));
    const grantedMs = cluster.nowMs;
    t.is(cluster.pass(1000, 50), null);
    cluster.calendarMs = jumpMs;
    t.is(cluster.pass(1000, 50), null);
    cluster.failover();
    const goneMs = cluster.pass(10_000, 50);
    t.true(goneMs !== null && goneMs - grantedMs >= 4990 && goneMs - grantedMs < 5200, `${goneMs}`);
  }
});

/** What a replica stamps first that has applied one block of the leader before it, and has heard another, later one. */
function firstStamp(): number {
  let nowMs = 0;
  const clock = new ClusterClock({ nowMs: () => nowMs, wallMs: () => 1.7e12 } as Clock);
  clock.saw(clusterTimeMs(1000), term(1));
  nowMs = 100;
  clock.heard(clusterTimeMs(1300), term(1));
  clock.leads(term(2));
  return clock.stamp(logIndex(2));
}

test.serial('a leader goes on from the time of blocks that it has and has not applied', (t) => {
  t.is(firstStamp(), 1300);
  activateMutant('time-heard-when-applied');
  try {
    t.is(firstStamp(), 1100, 'a lease renewed in them would end early');
  } finally {
    activateMutant(null);
  }
});
