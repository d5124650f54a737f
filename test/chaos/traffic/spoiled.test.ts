import test from 'ava';
import { checkBanks } from '../../../src/chaos/traffic/checks/bank.ts';
import { compareDigests } from '../../../src/chaos/traffic/checks/digests.ts';
import { checkLeases } from '../../../src/chaos/traffic/checks/leases.ts';
import { checkLists } from '../../../src/chaos/traffic/checks/list-append.ts';
import { checkLocks } from '../../../src/chaos/traffic/checks/locks.ts';
import { checkReads } from '../../../src/chaos/traffic/checks/reads.ts';
import { checkRegisters } from '../../../src/chaos/traffic/checks/registers.ts';
import { checkWatches } from '../../../src/chaos/traffic/checks/watches.ts';
import { checkWrites } from '../../../src/chaos/traffic/checks/writes.ts';
import { type Read, Reads } from '../../../src/chaos/traffic/record/reads.ts';
import { TimedHistory } from '../../../src/chaos/traffic/record/timed-history.ts';
import { Writes } from '../../../src/chaos/traffic/record/writes.ts';
import type { Verdict } from '../../../src/chaos/traffic.ts';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import type { SeenWatch } from '../../../src/verification/guarantees/watch.ts';
import { History } from '../../../src/verification/history.ts';
import type { LockHold } from '../../../src/verification/locks/lock.ts';
import type { RegisterInput, RegisterOutput } from '../../../src/verification/register/register.ts';
import type { BankHistoryEvent } from '../../../src/verification/transactions/bank.ts';
import type { ListTransaction } from '../../../src/verification/transactions/transaction.ts';
import { type History as Events, evidenceOf, historyOfPuts } from './evidence.ts';

const count = 60;

/** Puts `k0=v0` at revision 2 and so on, all acknowledged. */
function soundWrites(): Writes {
  const writes = new Writes();
  for (let i = 0; i < count; i++)
    writes.ended(writes.began('steady', 'put', `k${i}`, `v${i}`), { kind: 'acknowledged', revision: i + 2 });
  return writes;
}

const notLeased = (): boolean => false;

function writeVerdicts(
  events: Events,
  writes = soundWrites(),
  final = events,
): { lost: number; no: readonly string[]; all: readonly Verdict[] } {
  const { verdicts, lost } = checkWrites(writes.all, evidenceOf(events, { final }), notLeased);
  return {
    lost,
    no: verdicts.filter(({ answer }) => answer === 'no').map(({ check }) => check),
    all: verdicts,
  };
}

test('writes: a sound record holds, and says what it looked at', (t) => {
  const { all, lost } = writeVerdicts(historyOfPuts(count));
  t.deepEqual(
    all.map(({ check, answer }) => [check, answer]),
    [
      ['acknowledged', 'yes'],
      ['final-keys', 'yes'],
      ['origin', 'yes'],
    ],
  );
  t.is(lost, 0);
  t.regex(all[0]?.detail ?? '', /60 acknowledged writes/);
});

test('writes: nothing recorded proves nothing', (t) => {
  const { verdicts } = checkWrites([], evidenceOf([]), notLeased);
  t.deepEqual(
    verdicts.map(({ answer, scant }) => [answer, scant]),
    [
      ['unknown', true],
      ['unknown', true],
      ['unknown', true],
    ],
  );
});

test('writes: an acknowledged one that is nowhere is lost', (t) => {
  const { lost, no } = writeVerdicts(historyOfPuts(count).filter(({ key }) => key !== 'k7'));
  t.is(lost, 1);
  t.deepEqual(no, ['acknowledged', 'final-keys']);
});

test('writes: one that the watches missed is in the keys, so it is not lost, and yet wrong', (t) => {
  const all = historyOfPuts(count);
  const { lost, no } = writeVerdicts(
    all.filter(({ key }) => key !== 'k7'),
    soundWrites(),
    all,
  );
  t.is(lost, 0);
  t.deepEqual(no, ['acknowledged']);
});

test('writes: a history that ends before them says nothing; keys that are older say that they are lost', (t) => {
  const writes = soundWrites();
  writes.ended(writes.began('steady', 'put', 'k7', 'later'), { kind: 'acknowledged', revision: count + 9 });
  const events = historyOfPuts(count);
  const evidence = { ...evidenceOf(events), covers: (at: number) => at < count + 2 };
  const { verdicts, lost } = checkWrites(writes.all, evidence, notLeased);
  t.is(lost, 1);
  t.deepEqual(
    verdicts.filter(({ answer }) => answer === 'no').map(({ check }) => check),
    ['final-keys'],
  );
});

test('writes: two that changed places', (t) => {
  const swapped = historyOfPuts(count).map((event) =>
    event.revision === 5
      ? { ...event, key: 'k4', value: 'v4' }
      : event.revision === 6
        ? { ...event, key: 'k3', value: 'v3' }
        : event,
  );
  t.is(writeVerdicts(swapped).lost, 2);
  t.true(writeVerdicts(swapped).no.includes('acknowledged'));
});

test('writes: what nobody asked for, twice, or after a certain failure', (t) => {
  const sound = historyOfPuts(count);
  const next = count + 2;
  const withEvent = (key: string, value: string): Events => [
    ...sound,
    { revision: next, type: 'put', key, value },
  ];
  t.deepEqual(writeVerdicts(withEvent('k1', 'predicted'), soundWrites(), sound).no, ['origin']);
  t.deepEqual(writeVerdicts(withEvent('k1', 'v1'), soundWrites(), sound).no, ['origin']);
  t.deepEqual(
    writeVerdicts([...sound, { revision: next, type: 'delete', key: 'k1', value: '' }], soundWrites(), sound)
      .no,
    ['origin'],
  );
  for (const state of [{ kind: 'absent' }, { kind: 'reported-lost', mayBeThere: false }] as const) {
    const writes = soundWrites();
    writes.ended(writes.began('steady', 'put', 'x', 'y'), state);
    t.deepEqual(writeVerdicts(withEvent('x', 'y'), writes).no, ['origin']);
  }
  const open = soundWrites();
  open.began('steady', 'put', 'x', 'y');
  t.deepEqual(writeVerdicts(withEvent('x', 'y'), open).no, []);
});

test('writes: a history with a hole is unknown, not right', (t) => {
  const events = historyOfPuts(count).filter((event) => event.revision !== 9);
  const evidence = evidenceOf(events, { final: historyOfPuts(count), hole: 9 });
  const { verdicts, lost } = checkWrites(soundWrites().all, evidence, notLeased);
  t.is(lost, 0);
  t.deepEqual(
    verdicts.map(({ answer }) => answer),
    ['unknown', 'yes', 'unknown'],
  );
});

test('registers: a stale read has no place, and the picture shows it', async (t) => {
  const record = (stale: boolean) => {
    let nowMs = 0;
    const history = new TimedHistory<RegisterInput, RegisterOutput>(() => nowMs++);
    for (let i = 0; i < 30; i++) {
      const put = history.invoke('a', { kind: 'put', key: 'k', value: `v${i}` });
      history.ok(put, { kind: 'put', revision: i + 2 });
      const get = history.invoke('b', { kind: 'get', key: 'k' });
      const seen = stale && i === 20 ? i - 1 : i;
      history.ok(get, { kind: 'got', value: `v${seen}`, revision: seen + 2 });
    }
    return history;
  };
  const limits = { nowMs: () => 0, giveUpMs: 1 };
  const [sound] = await checkRegisters(record(false), limits);
  t.is(sound?.answer, 'yes');
  const [spoiled] = await checkRegisters(record(true), limits);
  t.is(spoiled?.answer, 'no');
  t.true(spoiled?.counterexample?.operations.some(({ wrong }) => wrong));
  const [none] = await checkRegisters(new TimedHistory(() => 0), limits);
  t.is(none?.answer, 'unknown');
});

test('list-append: a lost append', (t) => {
  const record = (spoiled: boolean) => {
    const history = new History<ListTransaction, ListTransaction>();
    for (let i = 0; i < 25; i++) {
      const before = Array.from({ length: i }, (_, n) => String(n));
      const list = spoiled && i === 10 ? before.slice(0, -1) : before;
      const asked: ListTransaction = [
        { kind: 'read', key: 'x', list: null },
        { kind: 'append', key: 'x', element: String(i) },
      ];
      const id = history.invoke('a', asked);
      history.ok(id, [
        { kind: 'read', key: 'x', list },
        { kind: 'append', key: 'x', element: String(i) },
      ]);
    }
    return history.events;
  };
  const limits = { nowMs: () => 0, giveUpMs: 1 };
  t.is(checkLists(record(false), limits).answer, 'yes');
  t.is(checkLists(record(true), limits).answer, 'no');
  t.is(checkLists([], limits).answer, 'unknown');
});

test('bank: a balance that changes by itself', (t) => {
  const bank = { accounts: ['a', 'b'], total: 200, opened: 2 };
  const events = (more: number): readonly BankHistoryEvent[] =>
    Array.from({ length: 10 }, (_, i): readonly BankHistoryEvent[] => {
      const balances = new Map([
        ['a', 100 - i],
        ['b', 100 + i + (i === 5 ? more : 0)],
      ]);
      const input = { kind: 'transfer', from: 'a', to: 'b', amount: 1 } as const;
      return [
        { kind: 'invoke', operation: 2 * i, caller: 'c', input: { kind: 'read' } },
        { kind: 'ok', operation: 2 * i, output: { kind: 'balances', balances } },
        { kind: 'invoke', operation: 2 * i + 1, caller: 'c', input },
        { kind: 'ok', operation: 2 * i + 1, output: { kind: 'transferred' } },
      ];
    }).flat();
  const opening = [
    { revision: 2, type: 'put', key: 'a', value: '100 x' },
    { revision: 2, type: 'put', key: 'b', value: '100 y' },
  ] as const;
  const whole = evidenceOf(opening);
  t.is(checkBanks(events(0), bank, whole).answer, 'yes');
  t.is(checkBanks(events(1), bank, whole).answer, 'no');
  const torn = evidenceOf([
    ...opening,
    { revision: 3, type: 'put', key: 'a', value: '90 z' },
    { revision: 4, type: 'put', key: 'b', value: '110 w' },
  ]);
  t.is(checkBanks(events(0), bank, torn).answer, 'no');
  t.is(checkBanks(events(0), bank, evidenceOf(opening.slice(1))).answer, 'no');
  t.is(checkBanks([], bank, evidenceOf([])).answer, 'unknown');
});

test('leases: early and late', (t) => {
  const life = (goneMs: number, lastAliveMs: number) => ({
    lease: 'l',
    ttlMs: 1000,
    renewals: [{ calledMs: 0, returnedMs: 5, ok: true }],
    goneMs,
    lastAliveMs,
    revoked: false,
  });
  const sound = [life(1100, 1050), life(1100, 1050), life(1100, 1050)];
  const tanist = { kind: 'tanist', wrongRates: [] } as const;
  t.is(checkLeases(sound, [], tanist).answer, 'yes');
  t.is(checkLeases([...sound, life(500, 400)], [], tanist).answer, 'no');
  t.is(checkLeases([...sound, life(9000, 8000)], [], tanist).answer, 'no');
  t.is(checkLeases([...sound, life(9000, 8000)], [{ fromMs: 500, toMs: 7500 }], tanist).answer, 'yes');
  t.is(checkLeases([], [], tanist).answer, 'unknown');
  const fast = { member: 'n1', fromMs: 100, toMs: 800, rate: 1.1 };
  t.is(checkLeases([...sound, life(870, 860)], [], tanist).answer, 'no');
  t.is(checkLeases([...sound, life(870, 860)], [], { ...tanist, wrongRates: [fast] }).answer, 'yes');
  t.is(checkLeases([...sound, life(500, 400)], [], { ...tanist, wrongRates: [fast] }).answer, 'no');
  const slow = { ...fast, rate: 0.5 };
  t.is(checkLeases([...sound, life(500, 400)], [], { ...tanist, wrongRates: [slow] }).answer, 'no');
  t.is(checkLeases([...sound, life(3100, 3000)], [], tanist).answer, 'no');
  t.is(checkLeases([...sound, life(3100, 3000)], [], { ...tanist, wrongRates: [fast] }).answer, 'no');
  t.is(checkLeases([...sound, life(3100, 3000)], [], { ...tanist, wrongRates: [slow] }).answer, 'yes');
  const before = { ...fast, fromMs: -5000, toMs: -10 };
  t.is(checkLeases([...sound, life(870, 860)], [], { ...tanist, wrongRates: [before] }).answer, 'no');
});

test('locks: two holders, and a write under an old token', (t) => {
  const events: Events = Array.from({ length: 6 }, (_, i) => [
    { revision: 10 * i + 10, type: 'put' as const, key: 'lock', value: `owner ${i}` },
    { revision: 10 * i + 11, type: 'put' as const, key: 'guarded', value: `w${i}` },
    { revision: 10 * i + 12, type: 'delete' as const, key: 'lock', value: '' },
  ]).flat();
  const hold = (token: number, fromMs: number, toMs: number): LockHold => ({
    lock: 'lock',
    holder: `${token}`,
    token,
    calledMs: fromMs,
    acquiredMs: fromMs,
    releaseCalledMs: toMs,
    lostMs: null,
    lease: null,
  });
  const tokens = Array.from({ length: 6 }, (_, i) => 10 * i + 10);
  const holds = tokens.map((token, i) => hold(token, i * 100, i * 100 + 50));
  const guarded = tokens.map((token, i) => ({ lock: 'lock', holder: `${token}`, token, value: `w${i}` }));
  const evidence = evidenceOf(events);
  const right = { wrongRates: [] };
  t.is(checkLocks(holds, guarded, evidence, right).answer, 'yes');
  t.is(checkLocks([...holds, hold(15, 20, 40)], guarded, evidence, right).answer, 'no');
  const stale = guarded.map((write, i) => (i === 3 ? { ...write, token: 20 } : write));
  t.is(checkLocks(holds, stale, evidence, right).answer, 'no');
  t.is(checkLocks([], [], evidence, right).answer, 'unknown');

  // Its lease ends early where a clock of the cluster runs twice as fast, and in time everywhere else.
  const leased = { ...hold(55, 520, 900), releaseCalledMs: null, lease: { ttlMs: 200, renewedMs: [520] } };
  const crossed = [...holds.slice(0, 5), leased, hold(60, 600, 650)];
  const fast = (fromMs: number) => ({
    wrongRates: [{ member: 'n1', fromMs, toMs: fromMs + 100, rate: 2 }],
  });
  t.is(checkLocks(crossed, guarded, evidence, right).answer, 'no');
  t.is(checkLocks(crossed, guarded, evidence, fast(550)).answer, 'yes');
  t.is(checkLocks(crossed, guarded, evidence, fast(900)).answer, 'no');
});

test('reads: a value that was not the state at its revision', (t) => {
  const evidence = evidenceOf(historyOfPuts(count));
  const values = historyOfPuts(count).map(({ key, value, revision: modRevision }) => ({
    key,
    value,
    modRevision,
  }));
  const read = (at: number, shown: Read['values']): Read => ({
    kind: 'serializable',
    at: 'n1',
    key: 'k',
    prefix: true,
    revision: at,
    values: shown,
  });
  const sound = Array.from({ length: 30 }, (_, i) => read(i + 2, values.slice(0, i + 1)));
  t.is(checkReads(sound, [], evidence).answer, 'yes');
  t.is(checkReads([...sound, read(5, values.slice(0, 3))], [], evidence).answer, 'no');
  t.is(checkReads([...sound, read(5, values.slice(0, 5))], [], evidence).answer, 'no');
  const other = values.slice(0, 4).map((each) => ({ ...each, value: 'other' }));
  t.is(checkReads([...sound, read(5, other)], [], evidence).answer, 'no');
  t.is(checkReads(new Reads().all, [], evidence).answer, 'unknown');
});

test('watches: an event dropped, doubled, out of order, with a wrong previous value', (t) => {
  const events = historyOfPuts(count);
  const evidence = evidenceOf(events);
  const watch = (seen: Events): SeenWatch => ({
    name: 'w',
    matches: () => true,
    fromRevision: 2,
    batches: seen.map((event) => ({ revision: event.revision, events: [{ ...event, previous: null }] })),
  });
  const answer = (seen: SeenWatch): string => checkWatches([seen], [], evidence, '').answer;
  t.is(answer(watch(events)), 'yes');
  t.is(answer(watch(events.filter((event) => event.revision !== 9))), 'no');
  t.is(answer(watch([...events.slice(0, 9), ...events.slice(8)])), 'no');
  t.is(
    answer(watch([...events.slice(0, 4), ...events.slice(5, 6), ...events.slice(4, 5), ...events.slice(6)])),
    'no',
  );
  const wrong = watch(events);
  const batches = wrong.batches.map((batch) => ({
    ...batch,
    events: batch.events.map((event) => ({ ...event, previous: 'x' })),
  }));
  t.is(answer({ ...wrong, batches }), 'no');
  t.is(answer(watch([])), 'unknown');
});

test('digests: equal at one index, or not to be compared', (t) => {
  const status = (id: string, digest: string, digestIndex: number) => ({
    id: nodeId(id),
    spaces: [
      { space: 'user' as const, revision: revision(9), compacted: revision(1), keys: 1, digest, digestIndex },
    ],
  });
  t.deepEqual(compareDigests([status('a', 'x', 5), status('b', 'x', 5)]), []);
  t.is(compareDigests([status('a', 'x', 5), status('b', 'y', 5)])?.length, 1);
  t.is(compareDigests([status('a', 'x', 5), status('b', 'x', 6)]), null);
});
