import test from 'ava';
import { LeaderWatch, type WatchAction } from '../../src/failover/leader-watch.ts';
import { defaultSuspicion } from '../../src/failover/options.ts';
import { nodeId, term } from '../../src/foundation/ids.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import type { ProbeAnswer } from '../../src/ports/transport.ts';

const self = nodeId('a');
const leader = nodeId('b');
const other = nodeId('c');
const identity = { storeId: 'store-b', bootCounter: 4, incarnation: 'b4', last: beforeAll, doubted: false };
const options = { ...defaultSuspicion, leastSamples: 0 };

/** A watch that has followed `leader` in term 5 for two seconds of regular heartbeats, the last at 2,000. */
function watching(gap: (i: number) => number = () => 20): { watch: LeaderWatch; nowMs: number } {
  const watch = new LeaderWatch(self, options, 0);
  watch.setVoters([self, leader, other]);
  watch.follow(0, leader, term(5), identity);
  let nowMs = 0;
  for (let i = 0; i < 150; i++) {
    nowMs += gap(i);
    watch.heard(nowMs);
  }
  return { watch, nowMs };
}

const kinds = (actions: readonly WatchAction[]): string[] =>
  actions.map((action) => (action.kind === 'probe' ? `probe ${action.to}` : action.kind));

const answer = (change: Partial<ProbeAnswer> = {}): ProbeAnswer => ({
  id: leader,
  identity,
  term: term(5),
  leader,
  leaderHeardMs: null,
  ...change,
});

test('killed: dropped, then refused, is lost at once and without a timer', (t) => {
  const { watch, nowMs } = watching();
  t.deepEqual(kinds(watch.disconnected(nowMs + 1, leader, 'dropped')), ['probe b']);
  t.deepEqual(kinds(watch.probed(nowMs + 1.2, leader, 'refused')), ['declareLost']);
  t.is(watch.wakeAtMs(), Number.POSITIVE_INFINITY);
  t.deepEqual(watch.heard(nowMs + 2), [], 'what was under way does not revive it');
  t.is(watch.state.kind, 'dead');
});

test('a refusal by a firewall: heartbeats that keep coming show it alive', (t) => {
  const { watch, nowMs } = watching();
  t.deepEqual(kinds(watch.disconnected(nowMs + 1, leader, 'refused')), ['declareLost']);
  watch.follow(nowMs + 1, null, term(5), null);
  t.deepEqual(watch.heard(nowMs + 20), []);
  t.deepEqual(kinds(watch.heard(nowMs + 60)), ['declareAlive']);
});

test('a firewall that goes on refusing: a leader that is heard all the same is lost only when it is heard no more', (t) => {
  const { watch, nowMs } = watching();
  const { heartbeatMs } = options;
  watch.disconnected(nowMs, leader, 'refused');
  t.deepEqual(kinds(watch.heard(nowMs + 60)), ['declareAlive']);
  t.deepEqual(watch.disconnected(nowMs + 70, leader, 'refused'), [], 'the next dial');
  t.deepEqual(kinds(watch.heard(nowMs + 80)), ['declareAlive']);
  t.deepEqual(watch.heard(nowMs + 100), []);
  t.deepEqual(kinds(watch.disconnected(nowMs + 110, leader, 'dropped')), ['probe b']);
  t.deepEqual(watch.probed(nowMs + 111, leader, 'refused'), [], 'a probe of it is refused as well');
  t.is(watch.state.kind, 'silent');
  t.deepEqual(
    kinds(watch.disconnected(nowMs + 100 + 3 * heartbeatMs, leader, 'refused')),
    ['declareLost'],
    'it is not heard either',
  );
  watch.follow(nowMs + 400, leader, term(6), identity);
  t.deepEqual(
    watch.disconnected(nowMs + 401, leader, 'refused'),
    [],
    'it leads again: the firewall is still there',
  );
  const atMs = watch.wakeAtMs();
  t.is(atMs, nowMs + 400 + 3 * heartbeatMs);
  t.deepEqual(kinds(watch.tick(atMs)), ['probe b'], 'nobody reports a second refusal');
  t.deepEqual(kinds(watch.probed(atMs + 1, leader, 'refused')), ['declareLost']);
  watch.follow(nowMs + 600, leader, term(7), { ...identity, incarnation: 'another' });
  t.deepEqual(kinds(watch.disconnected(nowMs + 601, leader, 'refused')), ['declareLost'], 'a new process');
  const ended = watching();
  ended.watch.disconnected(nowMs, leader, 'refused');
  ended.watch.heard(nowMs + 60);
  t.deepEqual(
    kinds(ended.watch.disconnected(nowMs + 61, leader, 'gone')),
    ['declareLost'],
    'its process has ended',
  );
});

test('no refusal misleads where it was said to have ended, or where this node reads late what was written before', (t) => {
  const { watch, nowMs } = watching();
  watch.disconnected(nowMs, leader, 'gone');
  t.deepEqual(kinds(watch.heard(nowMs + 60)), ['declareAlive']);
  t.deepEqual(kinds(watch.disconnected(nowMs + 70, leader, 'refused')), ['declareLost']);
  const late = watching();
  late.watch.disconnected(nowMs, leader, 'refused');
  late.watch.stalled(nowMs + 59, 50);
  t.deepEqual(kinds(late.watch.heard(nowMs + 60)), ['declareAlive']);
  t.deepEqual(kinds(late.watch.disconnected(nowMs + 70, leader, 'refused')), ['declareLost']);
});

test('its process has ended: lost at once, whatever was under way; a leader that goes on speaking was not', (t) => {
  const { watch, nowMs } = watching();
  const [lost] = watch.disconnected(nowMs + 1, leader, 'gone');
  t.like(lost, { kind: 'declareLost', leader, evidence: 'its process has ended' });
  t.deepEqual(watch.disconnected(nowMs + 12, leader, 'dropped'), [], 'its connections break later');
  watch.follow(nowMs + 12, null, term(5), null);
  t.deepEqual(watch.heard(nowMs + 13), [], 'what was under way does not revive it');
  t.deepEqual(kinds(watch.heard(nowMs + 60)), ['declareAlive']);
});

test('restarted: another incarnation answers the probe', (t) => {
  const { watch, nowMs } = watching();
  watch.disconnected(nowMs, leader, 'dropped');
  const lost = watch.probed(
    nowMs + 3,
    leader,
    answer({ identity: { ...identity, bootCounter: 5, incarnation: 'b5' } }),
  );
  t.deepEqual(kinds(lost), ['declareLost']);
  t.deepEqual(watch.heard(nowMs + 500), [], 'nothing takes that back');
});

test('a broken connection to a living leader', (t) => {
  const { watch, nowMs } = watching();
  watch.disconnected(nowMs, leader, 'dropped');
  t.deepEqual(kinds(watch.probed(nowMs + 3, leader, answer())), ['declareAlive']);
  t.is(watch.state.kind, 'alive');
});

test('it leads no more', (t) => {
  const { watch, nowMs } = watching();
  t.deepEqual(kinds(watch.questioned()), ['probe b']);
  t.deepEqual(watch.questioned(), [], 'one probe at a time');
  t.deepEqual(kinds(watch.probed(nowMs + 1, leader, answer({ leader: null }))), ['declareLost']);
});

test('an answer from before the term began says nothing', (t) => {
  const { watch, nowMs } = watching();
  watch.questioned();
  t.deepEqual(watch.probed(nowMs + 1, leader, answer({ term: term(4), leader: null })), []);
  t.is(watch.state.kind, 'alive');
});

test('frozen: no probe answered, lost at the floor', (t) => {
  const { watch, nowMs } = watching();
  t.is(watch.wakeAtMs(), nowMs + options.floorMs);
  t.deepEqual(watch.tick(nowMs + options.floorMs - 1), []);
  t.deepEqual(kinds(watch.tick(nowMs + options.floorMs)), ['declareLost']);
});

test('frozen and seldom regular: the majority shortens the wait', (t) => {
  const { watch, nowMs } = watching((i) => (i % 2 === 0 ? 10 : 70));
  t.true(watch.suspicion.patienceMs() > 150);
  const leastMs = watch.suspicion.leastMs();
  t.true(leastMs > options.floorMs);
  t.is(watch.wakeAtMs(), nowMs + leastMs);
  const asked = watch.tick(nowMs + leastMs);
  t.deepEqual(kinds(asked), ['probe b', 'probe c']);
  t.deepEqual(watch.tick(nowMs + leastMs + 1), []);
  const heardLongAgo = answer({ id: other, leaderHeardMs: 85 });
  t.deepEqual(kinds(watch.probed(nowMs + leastMs + 1, other, heardLongAgo)), ['declareLost']);
});

test('the others still hear it: wait for the measured patience', (t) => {
  const { watch, nowMs } = watching((i) => (i % 2 === 0 ? 10 : 70));
  const leastMs = watch.suspicion.leastMs();
  watch.tick(nowMs + leastMs);
  t.deepEqual(watch.probed(nowMs + leastMs + 1, other, answer({ id: other, leaderHeardMs: 3 })), []);
  t.deepEqual(watch.probed(nowMs + leastMs + 20, leader, 'unanswered'), []);
  t.is(watch.state.kind, 'silent');
  t.is(watch.wakeAtMs(), watch.suspicion.suspectAtMs());
  t.deepEqual(kinds(watch.tick(watch.wakeAtMs())), ['declareLost']);
});

test('its own stall: nobody is judged before the sockets were read, a refusal counts at once', (t) => {
  const { watch, nowMs } = watching();
  const woke = nowMs + 900;
  watch.stalled(woke, 900);
  t.deepEqual(watch.tick(woke), []);
  t.is(watch.wakeAtMs(), woke + options.stallGraceMs);
  t.deepEqual(kinds(watch.disconnected(woke + 1, leader, 'refused')), ['declareLost']);
});

test('a new leader begins with a clean record', (t) => {
  const { watch, nowMs } = watching();
  watch.disconnected(nowMs, leader, 'refused');
  watch.follow(nowMs + 10, other, term(6), null);
  t.is(watch.state.kind, 'alive');
  t.is(watch.wakeAtMs(), nowMs + 10 + options.floorMs);
  watch.follow(nowMs + 20, self, term(7), null);
  t.is(watch.state.kind, 'none');
  t.deepEqual(watch.tick(nowMs + 9999), []);
});

test('silence of a leader whose predictions have diverged is investigated sooner, and decided by the same majority', (t) => {
  const { watch, nowMs } = watching();
  t.deepEqual(kinds(watch.tick(nowMs + 45)), [], 'nothing yet');
  watch.doubt('its predictions are the odd ones');
  t.true(watch.wakeAtMs() <= nowMs + 40);
  t.deepEqual(kinds(watch.tick(nowMs + 45)), ['probe b', 'probe c']);
  t.deepEqual(watch.probed(nowMs + 46, other, answer({ id: other, leaderHeardMs: 20 })), [], 'c hears it');
  const { watch: another, nowMs: thenMs } = watching();
  another.doubt('its predictions are the odd ones');
  another.tick(thenMs + 45);
  const lost = another.probed(thenMs + 46, other, answer({ id: other, leaderHeardMs: 46 }));
  t.deepEqual(kinds(lost), ['declareLost']);
  const [action] = lost;
  t.regex(
    action?.kind === 'declareLost' ? action.evidence : '',
    /2 of 3 .* and its predictions are the odd ones/,
  );
});

test('a doubt ends with the leader that it is of, and when it is lifted', (t) => {
  const { watch, nowMs } = watching();
  watch.doubt('odd');
  watch.doubt(null);
  t.deepEqual(kinds(watch.tick(nowMs + 45)), []);
  watch.doubt('odd');
  watch.follow(nowMs, other, term(6), identity);
  t.deepEqual(kinds(watch.tick(nowMs + 45)), []);
});

test('a leader that was silent and lives is given more time; one that was refused and lives is not', (t) => {
  const { watch, nowMs } = watching();
  const lost = nowMs + options.floorMs;
  t.deepEqual(kinds(watch.tick(lost)), ['declareLost']);
  watch.follow(lost, null, term(5), null);
  t.deepEqual(kinds(watch.heard(lost + 20)), ['declareAlive']);
  t.true(watch.wakeAtMs() >= lost + 20 + 1.5 * options.floorMs - 1);
  const other = watching();
  other.watch.disconnected(other.nowMs + 1, leader, 'refused');
  other.watch.follow(other.nowMs + 1, null, term(5), null);
  t.deepEqual(kinds(other.watch.heard(other.nowMs + 45)), ['declareAlive']);
  t.is(other.watch.wakeAtMs(), other.nowMs + 45 + 2 * 45, 'twice the longest gap, as ever');
});

test('replaced for its silence, heard before as much silence again: a suspicion that was wrong', (t) => {
  const former = (saidAfterMs: number, by = leader, incarnation = identity.incarnation): number => {
    const { watch, nowMs } = watching();
    t.deepEqual(kinds(watch.tick(nowMs + options.floorMs)), ['declareLost']);
    watch.follow(nowMs + 85, null, term(6), null);
    watch.follow(nowMs + 90, other, term(6), null);
    watch.heardOther(nowMs + saidAfterMs, by, { ...identity, incarnation });
    watch.heardOther(nowMs + saidAfterMs, by, { ...identity, incarnation });
    return watch.suspicion.patienceMs();
  };
  t.is(former(2 * options.floorMs), 1.5 * options.floorMs, 'once, whatever else it says');
  t.is(former(2 * options.floorMs + 1), options.floorMs, 'it stood still for long');
  t.is(former(100, self), options.floorMs, 'somebody else');
  t.is(former(100, leader, 'b5'), options.floorMs, 'it was restarted');
});

test('who was refused, and replaced, is no mistake of patience when it is heard again', (t) => {
  const { watch, nowMs } = watching();
  watch.disconnected(nowMs, leader, 'refused');
  watch.follow(nowMs + 10, other, term(6), null);
  watch.heardOther(nowMs + 50, leader, identity);
  t.is(watch.suspicion.patienceMs(), options.floorMs);
});

test('one suspicion is one mistake, in whatever order the leader takes it back', (t) => {
  const { watch, nowMs } = watching();
  watch.tick(nowMs + options.floorMs);
  watch.follow(nowMs + 80, null, term(5), null);
  watch.heardOther(nowMs + 95, leader, identity);
  t.deepEqual(kinds(watch.heard(nowMs + 95)), ['declareAlive']);
  const once = 1.5 * 2 * options.floorMs;
  t.is(watch.suspicion.patienceMs(), once);
  watch.disconnected(nowMs + 96, leader, 'gone');
  watch.follow(nowMs + 97, other, term(6), null);
  watch.heardOther(nowMs + 98, leader, identity);
  t.true(watch.suspicion.patienceMs() <= once);
});

test('what was suspected at the end of its own stall, and lives, is no mistake of patience', (t) => {
  const { watch, nowMs } = watching();
  const wokeMs = nowMs + options.floorMs;
  watch.stalled(wokeMs, 70);
  const lostMs = wokeMs + options.stallGraceMs;
  t.deepEqual(kinds(watch.tick(lostMs)), ['declareLost']);
  watch.follow(lostMs, null, term(5), null);
  t.deepEqual(kinds(watch.heard(lostMs + 5)), ['declareAlive']);
  t.is(watch.suspicion.patienceMs(), options.floorMs);
});
