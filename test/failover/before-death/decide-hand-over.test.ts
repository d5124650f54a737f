import test from 'ava';
import {
  decideHandOver,
  type HeirView,
  type Situation,
} from '../../../src/failover/before-death/decide-hand-over.ts';
import {
  type HandOverRecord,
  judgedUntilMs,
  judgeHandOver,
  type OldLeader,
} from '../../../src/failover/before-death/judge-hand-over.ts';
import type { Breach } from '../../../src/failover/before-death/predict-breach.ts';
import { type BeforeDeathPolicy, defaultBeforeDeath } from '../../../src/failover/before-death/signals.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';

const breach: Breach = { signal: 'memory', inMs: 8000, confidence: 0.99, now: 0.8, limit: 0.9 };
const well = { now: 0.1, endangered: false, rising: false };
const heir = (id: string, rest: Partial<HeirView> = {}): HeirView => ({
  id: nodeId(id),
  doubt: null,
  suspected: false,
  inSync: true,
  score: 0.9,
  signs: { memory: well, loop: well },
  ...rest,
});
const situation = (rest: Partial<Situation> = {}): Situation => ({
  breaches: [breach],
  heirs: [heir('b'), heir('c')],
  timeMs: 1_000_000,
  lastMs: null,
  passedOver: new Set(),
  ...rest,
});
const said = (given: Partial<Situation>, policy: BeforeDeathPolicy = defaultBeforeDeath): string => {
  const decision = decideHandOver(situation(given), policy);
  return decision.kind === 'stay' ? decision.because : `${decision.breach.signal} → ${decision.to}`;
};

test('the first fit heir is chosen, for the most urgent reason', (t) => {
  t.is(said({}), 'memory → b');
  t.is(said({ breaches: [breach, { ...breach, signal: 'sync', inMs: 100 }] }), 'sync → b');
  t.is(said({ breaches: [] }), 'nothing is foretold');
  t.is(said({ heirs: [] }), 'there is no heir');
});

const endangered = { now: 0.7, endangered: true, rising: false };
const rising = { now: 0.2, endangered: false, rising: true };
for (const [what, rest, why] of [
  ['doubted', { doubt: 'its disk was found empty' }, 'is doubted: its disk was found empty'],
  ['silent', { suspected: true }, 'is silent'],
  ['behind', { inSync: false }, 'lacks what is committed'],
  ['unknown', { signs: null }, 'has not said how it is'],
  ['in danger of the same', { signs: { memory: endangered } }, 'is in danger itself: memory'],
  ['in danger of another', { signs: { loop: endangered } }, 'is in danger itself: loop'],
  ['rising as well', { signs: { memory: rising } }, 'has memory rising as well'],
] as const)
  test(`an heir that is ${what} is passed by`, (t) => {
    t.is(said({ heirs: [heir('b', rest), heir('c')] }), 'memory → c');
    t.is(said({ heirs: [heir('b', rest)] }), `b ${why}`);
  });

test('an heir that rises in another signal, and one that is in danger of what is not watched, is fit', (t) => {
  t.is(said({ heirs: [heir('b', { signs: { sync: rising } })] }), 'memory → b');
  const unwatched = {
    ...defaultBeforeDeath,
    signals: { ...defaultBeforeDeath.signals, loop: { ...defaultBeforeDeath.signals.loop, watch: false } },
  };
  t.is(said({ heirs: [heir('b', { signs: { loop: endangered } })] }, unwatched), 'memory → b');
});

test('what is switched off is no reason', (t) => {
  t.is(said({}, { ...defaultBeforeDeath, enabled: false }), 'it is switched off');
  const { memory } = defaultBeforeDeath.signals;
  const signals = { ...defaultBeforeDeath.signals, memory: { ...memory, watch: false } };
  t.is(said({}, { ...defaultBeforeDeath, signals }), 'nothing is foretold');
});

test('never two within the interval of cluster time: to the millisecond', (t) => {
  t.is(said({ lastMs: 1_000_000 }), 'the last hand-over was 0 ms ago');
  t.is(said({ lastMs: 1_000_000 - 59_999 }), 'the last hand-over was 59999 ms ago');
  t.is(said({ lastMs: 1_000_000 - 60_000 }), 'memory → b');
});

test('who did not take over is passed by', (t) => {
  t.is(said({ passedOver: new Set([nodeId('b')]) }), 'memory → c');
});

test.serial('mutants: a second one within the minute, and an unhealthy heir', (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('hand-over-twice-in-a-minute');
  t.is(said({ lastMs: 999_000 }), 'memory → b');
  activateMutant('hand-over-to-unhealthy-heir');
  t.is(said({ heirs: [heir('b', { suspected: true })] }), 'memory → b');
});

const record: HandOverRecord = {
  atMs: 1000,
  from: 'a',
  to: 'b',
  ...breach,
  verdict: 'open',
  why: '',
};
const old = (rest: Partial<OldLeader>): OldLeader => ({
  timeMs: 5000,
  reachable: true,
  restarted: false,
  sign: { now: 0.8, endangered: true, rising: true },
  ...rest,
});

test('a hand-over is justified by what comes in time, and needless if nothing does', (t) => {
  const until = judgedUntilMs(record);
  t.is(until, 1000 + 8000 + 10_000);
  for (const [rest, verdict] of [
    [{}, 'open'],
    [{ timeMs: until }, 'open'],
    [{ timeMs: until + 1 }, 'needless'],
    [{ reachable: false }, 'justified'],
    [{ restarted: true }, 'justified'],
    [{ sign: { now: 0.9, endangered: true, rising: true } }, 'justified'],
    [{ sign: { now: 0.9, endangered: true, rising: true }, timeMs: until + 1 }, 'needless'],
    [{ sign: null }, 'open'],
    [{ sign: null, timeMs: until + 1 }, 'needless'],
  ] as const)
    t.is(judgeHandOver(record, old(rest)).verdict, verdict);
  t.is(judgeHandOver({ ...record, verdict: 'needless' }, old({ reachable: false })).verdict, 'needless');
});
