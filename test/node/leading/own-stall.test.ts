import test from 'ava';
import { defaultSuspicion } from '../../../src/failover/options.ts';
import { nodeId, term } from '../../../src/foundation/ids.ts';
import { LeaderMonitor, type LeaderMonitorOptions } from '../../../src/node/leading/leader-monitor.ts';
import type { RaftMessage } from '../../../src/raft/message.ts';
import { TestClock } from '../../mirrors/test-clock.ts';

const [self, leader, other] = [nodeId('a'), nodeId('b'), nodeId('c')];
const suspicion = { ...defaultSuspicion, leastSamples: 0 };

/** Between a timer and what it puts off until the sockets are read, as much time passes as the test likes. */
class HeldClock extends TestClock {
  #held: (() => void)[] = [];

  override soon(act: () => void): void {
    this.#held.push(act);
  }

  release(): void {
    for (const act of this.#held.splice(0)) act();
  }
}

const beat = { type: 'heartbeat', from: leader, to: self, term: term(5) } as RaftMessage;

/** A follower's monitor after two seconds of regular heartbeats. */
async function monitoring(): Promise<{ clock: HeldClock; monitor: LeaderMonitor; lost: string[] }> {
  const clock = new HeldClock();
  const lost: string[] = [];
  const status = { leader, term: term(5), configuration: { voters: [self, leader, other] } };
  const raft = { status, leaderLost: (id: string) => lost.push(id), leaderAlive: () => {} };
  const ignore = (): void => {};
  const monitor = new LeaderMonitor({
    ...{ self, raft, clock, suspicion, wake: ignore, hurry: ignore },
    nodeLog: { info: ignore },
    guard: { identityOf: () => null },
    transport: { probe: () => new Promise(ignore) },
  } as unknown as LeaderMonitorOptions);
  monitor.follow();
  for (let i = 0; i < 100; i++) {
    await clock.advance(suspicion.heartbeatMs);
    clock.release();
    monitor.heard([beat]);
  }
  return { clock, monitor, lost };
}

test('a leader that falls silent is lost when its silence is longer than is allowed', async (t) => {
  const { clock, lost } = await monitoring();
  await clock.advance(suspicion.floorMs - 1);
  clock.release();
  t.deepEqual(lost, []);
  await clock.advance(2);
  clock.release();
  t.deepEqual(lost, [leader]);
});

test('a node that stands still while it reads what waits judges nobody until it has read on', async (t) => {
  const { clock, monitor, lost } = await monitoring();
  await clock.advance(suspicion.floorMs + 1);
  await clock.advance(200);
  clock.release();
  t.deepEqual(lost, [], 'its own silence');
  await clock.advance(suspicion.stallGraceMs - 5);
  clock.release();
  t.deepEqual(lost, []);
  monitor.heard([beat]);
  await clock.advance(suspicion.floorMs - 1);
  clock.release();
  t.deepEqual(lost, [], 'the leader was there all the time');
});

test('the grace of a node that stood still ends: a leader that says nothing more is lost', async (t) => {
  const { clock, lost } = await monitoring();
  await clock.advance(suspicion.floorMs + 1);
  await clock.advance(200);
  clock.release();
  await clock.advance(suspicion.stallGraceMs + 1);
  clock.release();
  t.deepEqual(lost, [leader]);
});
