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
    const wallMs = (): number => 1.7e12 + this.nowMs + this.calendarMs + 3_600_000 * i;
    return new ClusterClock({ nowMs, wallMs } as Clock, () => 0);
  });
  leader = 0;
  term = 1;
  index = 0;
  readonly delayMs = 3;

  constructor() {
    this.clocks[0]?.leads(term(1));
  }

  block(...commands: readonly Command[]): void {
    const timeMs = (this.clocks[this.leader] as ClusterClock).stamp();
    this.index++;
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

/** A replica's clock at a time that the test sets, over a log whose last block was stamped at `loggedMs`. */
class Replica {
  nowMs = 0;
  loggedMs = 0;
  readonly clock = new ClusterClock(
    { nowMs: () => this.nowMs, wallMs: () => 1.7e12 } as Clock,
    () => this.loggedMs,
  );

  saw(timeMs: number, of: number): void {
    this.clock.saw(clusterTimeMs(timeMs), term(of));
  }

  heard(timeMs: number, of: number): void {
    this.loggedMs = timeMs;
    this.clock.heard(clusterTimeMs(timeMs), term(of));
  }

  /** A block is stamped and appended. */
  block(): number {
    this.loggedMs = this.clock.stamp();
    return this.loggedMs;
  }
}

test('stamps that never reached the log do not take the time along', (t) => {
  const leader = new Replica();
  leader.clock.leads(term(1));
  leader.saw(10_000, 1);
  // Refused: the log stays as it was.
  for (let i = 0; i < 100; i++) {
    leader.nowMs += 100;
    leader.clock.stamp();
  }
  t.is(leader.block(), 12_000);
  leader.nowMs += 1;
  t.is(leader.block(), 12_001);
});

/** How much earlier the next leader has a time than it was promised, where it has applied the first blocks of this one before that one has. */
function aheadMs(): number {
  const leader = new Replica();
  const next = new Replica();
  // It was away: what it has applied is 200 ms behind what the log holds.
  leader.saw(10_000, 3);
  leader.loggedMs = 10_200;
  leader.clock.leads(term(4));
  const stampMs = leader.block();
  next.heard(stampMs, 4);
  // Blocks of term 3 and that one, committed together.
  leader.nowMs = next.nowMs = 20;
  next.saw(Math.max(10_200, stampMs), 4);
  leader.nowMs = next.nowMs = 140;
  leader.saw(Math.max(10_200, stampMs), 4);
  return next.clock.now() - leader.clock.now();
}

test.serial(
  'a leader whose log is ahead of its clock goes on from the log, whoever applies it first',
  (t) => {
    t.teardown(() => activateMutant(null));
    t.true(aheadMs() <= 0);
    activateMutant('stamp-behind-the-log');
    t.true(aheadMs() > 100, 'a lease renewed meanwhile would end early');
  },
);

test('a leader of several terms goes on from its own blocks that are not committed yet', (t) => {
  const leader = new Replica();
  leader.saw(10_000, 1);
  leader.clock.leads(term(2));
  for (let i = 1; i <= 3; i++) {
    leader.nowMs += 1500;
    t.is(leader.block(), 10_000 + 1500 * i);
  }
  leader.clock.leads(null);
  leader.clock.leads(term(3));
  leader.nowMs += 100;
  t.is(leader.block(), 14_600);
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

/** What a replica stamps first that has applied blocks of one leader and only heard of the next one, whose time is 200 ms behind. */
function firstStamp(): number {
  const replica = new Replica();
  replica.saw(1000, 1);
  replica.nowMs = 500;
  replica.heard(1300, 2);
  replica.nowMs = 600;
  replica.clock.leads(term(3));
  return replica.block();
}

test.serial('a leader goes on from the time of blocks that it has and has not applied', (t) => {
  t.is(firstStamp(), 1400);
  activateMutant('time-heard-when-applied');
  try {
    t.is(firstStamp(), 1600, 'a lease renewed in them would end early');
  } finally {
    activateMutant(null);
  }
});

/** How far a follower's measure is ahead of a leader that was started again, is elected, and goes on applying what its log holds of earlier terms. */
function aheadOfReplayingMs(): number {
  const leader = new Replica();
  const next = new Replica();
  next.saw(100_000, 6);
  leader.saw(50_000, 4);
  leader.loggedMs = 100_000;
  leader.clock.leads(term(7));
  const replayed = new Map([
    [0, { timeMs: 50_000, of: 4 }],
    [1100, { timeMs: 80_000, of: 5 }],
    [1700, { timeMs: 100_000, of: 6 }],
  ]);
  for (const atMs of [0, 100, 200, 300, 400, 500, 1100, 1700]) {
    leader.nowMs = next.nowMs = atMs;
    const old = replayed.get(atMs);
    if (old !== undefined) leader.saw(old.timeMs, old.of);
    const stampMs = leader.block();
    leader.loggedMs = stampMs;
    next.heard(stampMs, 7);
  }
  return next.clock.now() - leader.clock.now();
}

test.serial('a leader that applies old blocks while it leads does not stand still meanwhile', (t) => {
  t.teardown(() => activateMutant(null));
  t.is(aheadOfReplayingMs(), 0);
  activateMutant('leader-learns-from-old-blocks');
  t.true(aheadOfReplayingMs() > 500, 'a lease renewed meanwhile would end early');
});
