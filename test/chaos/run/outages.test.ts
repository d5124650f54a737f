import test from 'ava';
import type { Budget, Moment } from '../../../src/chaos/moment.ts';
import { electionsOf } from '../../../src/chaos/run/elections.ts';
import { explained } from '../../../src/chaos/run/explain.ts';
import type { NodeEventAt } from '../../../src/chaos/run/node-events.ts';
import { budgetLines, outagesOf, ownOutages } from '../../../src/chaos/run/outages.ts';
import { growthOf } from '../../../src/foundation/growth.ts';

/** A write every 2 ms, each answered after 1 ms, but none between `from` and `to`. */
function stream(untilMs: number, gaps: readonly (readonly [from: number, to: number])[]) {
  const writes = [];
  for (let atMs = 0; atMs < untilMs; atMs += 2) {
    const gap = gaps.find(([from, to]) => atMs + 1 > from && atMs + 1 < to);
    if (gap === undefined) writes.push({ issuedAtMs: atMs, ackedAtMs: atMs + 1 });
  }
  return writes;
}

function fault(id: number, atMs: number, budget: Budget | null, on = ['n0'], name = 'kill leader'): Moment {
  return { kind: 'fault', atMs, id, name, on, detail: '', budget };
}

test('the outage of each fault that has a budget, from last before to first after', (t) => {
  const moments = [fault(1, 1000, 'kill'), fault(2, 2000, null), fault(3, 3000, 'freeze')];
  const outages = outagesOf(
    moments,
    stream(4000, [
      [1000, 1040],
      [3000, 3200],
    ]),
  );
  t.deepEqual(
    outages.map(({ event, outageMs, firstAfterMs }) => [event, outageMs, firstAfterMs]),
    [
      ['kill', 42, 1041],
      ['freeze', 202, 3201],
    ],
  );
});

test('of two faults at once no budget is promised', (t) => {
  const partition = fault(2, 900, null, ['n1'], 'partition one-way');
  const outages = outagesOf(
    [partition, fault(1, 1000, 'kill'), { kind: 'healed', atMs: 1500, id: 2 }, fault(3, 2000, 'kill')],
    stream(3000, [
      [1000, 1400],
      [2000, 2010],
    ]),
  );
  t.deepEqual(
    outages.map(({ overlapped }) => overlapped === true),
    [true, true],
  );
  t.deepEqual(ownOutages(outages), []);
  const apart = outagesOf(
    [partition, { kind: 'healed', atMs: 950, id: 2 }, fault(1, 1000, 'kill')],
    stream(3000, [[1000, 1010]]),
  );
  t.is(apart[0]?.overlapped, undefined);
  t.is(ownOutages(apart).length, 1);
  t.is(budgetLines(outages, 3000).length, 0);
});

test('an outage that does not end is open, not short', (t) => {
  const [outage] = outagesOf([fault(1, 1000, 'kill')], stream(1000, []));
  t.is(outage?.outageMs, null);
  const [line] = budgetLines(outage === undefined ? [] : [outage], 9000);
  t.deepEqual([line?.count, line?.worstMs, line?.held], [1, 8000, false], 'it lasted until the end at least');
});

test('median and worst are held against their budgets, event by event', (t) => {
  const moments = (['kill', 'kill', 'kill', 'freeze'] as const).flatMap((budget, i): readonly Moment[] => [
    fault(i + 1, (i + 1) * 1000, budget),
    { kind: 'healed', atMs: (i + 1) * 1000 + 500, id: i + 1 },
  ]);
  const outages = outagesOf(
    moments,
    stream(6000, [
      [1000, 1008],
      [2000, 2010],
      [3000, 3100],
      [4000, 4100],
    ]),
  );
  const lines = budgetLines(outages, 6000);
  t.deepEqual(
    lines.map(({ event, count, held }) => [event, count, held]),
    [
      ['kill', 3, false],
      ['freeze', 1, true],
    ],
  );
  t.true(
    budgetLines(outages, 6000, {
      kill: { medianMs: 15, worstMs: 200 },
      freeze: { medianMs: 1, worstMs: 1 },
      'hand-over': { medianMs: 1, worstMs: 1 },
    })[0]?.held,
  );
  t.deepEqual(budgetLines([], 6000), []);
});

test('a miss is explained by what nodes logged, and by what kept the harness from looking', (t) => {
  const outages = outagesOf([fault(1, 1000, 'kill')], stream(3000, [[1000, 1300]]));
  const [miss] = explained(
    outages,
    [
      { member: 'n1', event: 'suspected', atMs: 1003, term: 1, to: null },
      { member: 'n1', event: 'elected', atMs: 1020, term: 2, to: null },
      { member: 'n1', event: 'opened', atMs: 1022, term: 2, to: null },
      { member: 'n2', event: 'elected', atMs: 2500, term: 3, to: null },
    ],
    { cores: 2, stalls: [{ fromMs: 1050, toMs: 1290 }], loads: [{ atMs: 900, load: 7.5 }] },
  );
  t.is(
    miss?.explanation,
    'noticed after 3 ms (n1), elected after 20 ms (n1), open after 22 ms (n1), first acknowledgement after 301 ms, the harness itself stood still for 240 ms, load 7.5 on 2 cores',
  );
  const [good] = explained(outagesOf([fault(1, 1000, 'kill')], stream(3000, [[1000, 1020]])), [], {
    cores: 2,
    stalls: [],
    loads: [],
  });
  t.is(good?.explanation, undefined);
});

test('an election is false where no fault touched who led, who leads or the links', (t) => {
  const leader = (atMs: number, member: string, term: number): Moment => ({
    kind: 'leader',
    atMs,
    member,
    term,
  });
  const moments: readonly Moment[] = [
    leader(0, 'n0', 1),
    fault(1, 1000, 'kill', ['n0']),
    leader(1020, 'n1', 2),
    { kind: 'healed', atMs: 1500, id: 1 },
    // Said twice, by two members.
    leader(1021, 'n1', 2),
    leader(20_000, 'n2', 3),
    fault(2, 30_000, null, []),
    leader(30_500, 'n0', 4),
    { kind: 'healed', atMs: 31_000, id: 2 },
    fault(3, 60_000, null, ['n2']),
    leader(60_500, 'n1', 5),
    { kind: 'healed', atMs: 61_000, id: 3 },
    // n1 led without them for a while, and is elected again when they are back.
    fault(4, 80_000, null, ['n0', 'n2']),
    { kind: 'healed', atMs: 84_000, id: 4 },
    leader(84_300, 'n1', 6),
    // The same, one after the other.
    fault(5, 100_000, null, ['n0']),
    { kind: 'healed', atMs: 102_000, id: 5 },
    fault(6, 101_900, null, ['n2']),
    leader(102_300, 'n1', 7),
    { kind: 'healed', atMs: 103_000, id: 6 },
    // A voter that is away is no reason; one that comes back may be at a later term.
    fault(7, 120_000, null, ['n2']),
    leader(121_000, 'n1', 8),
    { kind: 'healed', atMs: 122_000, id: 7 },
    leader(122_100, 'n1', 9),
    leader(122_500, 'n0', 10),
    // A replica without a vote is none either.
    fault(8, 140_000, null, ['n3']),
    { kind: 'healed', atMs: 141_000, id: 8 },
    leader(141_100, 'n0', 11),
  ];
  t.deepEqual(
    electionsOf(moments, ['n0', 'n1', 'n2']).map(({ term, isFalse }) => [term, isFalse]),
    [
      [2, false],
      [3, true],
      [4, false],
      [5, true],
      [6, false],
      [7, false],
      [8, true],
      [9, false],
      [10, true],
      [11, true],
    ],
  );
});

test('a leader that foresees its failure and hands over is the cause of that election', (t) => {
  const leads = (atMs: number, member: string, term: number): Moment => ({
    kind: 'leader',
    atMs,
    member,
    term,
  });
  const foreseen = (atMs: number, member: string, to: string | null): NodeEventAt => ({
    event: 'death-foreseen',
    atMs,
    member,
    term: null,
    to,
  });
  const moments = [leads(0, 'n0', 1), leads(5000, 'n1', 2), leads(9000, 'n2', 3), leads(20_000, 'n0', 4)];
  const events = [foreseen(4900, 'n0', 'n1'), foreseen(8900, 'n1', null), foreseen(15_000, 'n2', 'n0')];
  t.deepEqual(
    electionsOf(moments, ['n0', 'n1', 'n2'], events).map(({ isForeseen, isFalse }) => [isForeseen, isFalse]),
    [
      [true, false],
      [false, true],
      [false, true],
    ],
    'not where it found no heir, nor long after',
  );
});

test('growth: a slope counts when it stands out of the noise and matters', (t) => {
  const samples = (of: (i: number) => number) =>
    Array.from({ length: 400 }, (_, i) => ({ atMs: i * 2000, value: of(i) }));
  const noise = (i: number): number => ((i * 7919) % 13) - 6;
  t.true(
    growthOf(
      samples((i) => 100 + noise(i)),
      1,
    )?.flat,
  );
  t.false(
    growthOf(
      samples((i) => 100 + i * 0.5 + noise(i)),
      1,
    )?.flat,
  );
  t.true(
    growthOf(
      samples((i) => 100 + i * 0.5 + noise(i)),
      1000,
    )?.flat,
  );
  t.true(
    growthOf(
      samples((i) => 400 - i + noise(i)),
      1,
    )?.flat,
  );
  t.is(growthOf(samples((i) => i).slice(0, 100), 1), null);
});
