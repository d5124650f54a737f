import test from 'ava';
import type { Signs } from '../../../src/failover/before-death/decide-hand-over.ts';
import { type BeforeDeathPolicy, defaultBeforeDeath } from '../../../src/failover/before-death/signals.ts';
import { noSession } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { keepRecord, mostRecords, recordOf, recordsIn } from '../../../src/node/before-death/records.ts';
import type { NodeOptions } from '../../../src/node/options.ts';
import { decodeReport, encodeReport } from '../../../src/node/peers/self-report.ts';
import type { Vitals } from '../../../src/node/vitals.ts';
import type { Proposal } from '../../../src/node/writes/proposals.ts';
import type { Command } from '../../../src/ports/command.ts';
import type { NodeEventFields, NodeLog } from '../../../src/ports/node-log.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { Log } from '../../state/commands.ts';
import { Bench } from '../bench.ts';

const well: Signs = { memory: { now: 0.1, endangered: false, rising: false } };
const ill: Signs = { memory: { now: 0.8, endangered: true, rising: false } };

function report(signs: Signs | null): Uint8Array {
  return encodeReport({
    loopLagMs: 0,
    syncMs: 0,
    memoryUsed: 0.1,
    diskFree: 1,
    applied: 0,
    revision: 1,
    facts: null,
    replicas: [],
    links: [],
    integrity: null,
    model: null,
    signs,
  });
}

interface Told {
  readonly event: string;
  readonly fields: NodeEventFields;
}

function proposalOf(command: Command): Proposal {
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
  return { bytes: encodeCommandBatch(batch), batch, settle: () => {}, early: null };
}

class World {
  readonly told: Told[] = [];
  readonly bench: Bench;
  /** Part of the memory's limit in use, at the moment and more with each second. */
  used = 0.2;
  rise = 0;

  constructor(policy: Partial<BeforeDeathPolicy> = {}, options: Partial<NodeOptions> = {}) {
    const beforeDeath = { ...defaultBeforeDeath, ...policy };
    this.bench = new Bench(1, ['a', 'b', 'c'], { ...options, beforeDeath });
  }

  async lead(a: Signs | null, c: Signs | null): Promise<void> {
    const note = (event: string, fields: NodeEventFields = {}): void =>
      void this.told.push({ event, fields });
    const log: NodeLog = { info: note, warn: note, error: note };
    this.bench.reports.set('a', report(a));
    this.bench.reports.set('c', report(c));
    this.#breathe();
    await this.bench.start(log);
    await this.bench.lead();
  }

  /** Time passes as peers answer. To whom leadership was given meanwhile: all of them. */
  async pass(seconds: number): Promise<readonly string[]> {
    const to: string[] = [];
    const untilMs = this.bench.scheduler.nowMs + seconds * 1000;
    while (this.bench.scheduler.nowMs < untilMs) {
      await this.bench.run(20);
      for (const { type, to: heir } of this.bench.sent) if (type === 'timeoutNow') to.push(heir);
      this.bench.answer();
      this.used = Math.min(1, this.used + this.rise * 0.02);
      this.#breathe();
    }
    return to;
  }

  #breathe(): void {
    const vitals: Vitals = {
      memoryUsedBytes: this.used * 1000,
      memoryLimitBytes: 1000,
      diskFreeBytes: 500,
      diskBytes: 1000,
    };
    this.bench.vitals = vitals;
  }

  said(event: string): readonly NodeEventFields[] {
    return this.told.filter((one) => one.event === event).map(({ fields }) => fields);
  }
}

test('a leader that leaks hands over to the heir that is well, and its reason is committed before', async (t) => {
  const world = new World();
  await world.lead(ill, well);
  t.deepEqual(await world.pass(20), []);
  world.rise = 0.02;
  const to = await world.pass(30);
  t.true(to.length > 0);
  t.deepEqual([...new Set(to)], ['c']);
  const [record, ...others] = recordsIn(world.bench.node.state);
  t.deepEqual(others, []);
  t.like(record, { from: 'b', to: 'c', signal: 'memory', limit: 0.9 });
  t.true(record!.now >= 0.6 && record!.now < 0.9 && record!.confidence >= 0.98);
  t.like(world.said('death-foreseen')[0], { signal: 'memory', to: 'c' });
  await world.bench.until(world.bench.node.stop(false));
});

test('who does not take over is passed by, and that is told and written down', async (t) => {
  const world = new World();
  await world.lead(well, well);
  await world.pass(20);
  world.rise = 0.012;
  // Nobody answers TimeoutNow here.
  const to = await world.pass(50);
  t.is(new Set(to).size, 2);
  t.is(world.said('hand-over-not-taken').length, 2);
  t.deepEqual(
    recordsIn(world.bench.node.state).map(({ verdict }) => verdict),
    ['not-taken', 'not-taken'],
  );
  const counts = (await world.bench.until(world.bench.node.gauges())).handOvers;
  t.deepEqual(
    counts.map(({ signal, verdict, count }) => [signal, verdict, count]),
    [
      ['memory', 'open', 2],
      ['memory', 'not-taken', 2],
    ],
  );
  await world.bench.until(world.bench.node.stop(false));
});

test('it is written down where an election timeout is longer than a second, too: not before raft takes proposals again', async (t) => {
  const world = new World({}, { electionMs: 4000 });
  await world.lead(well, well);
  await world.pass(20);
  world.rise = 0.012;
  while (world.said('hand-over-not-taken').length === 0) await world.pass(0.02);
  t.regex(String(world.said('hand-over-not-taken')[0]?.error), /nobody took over within 40\d\d ms/);
  await world.pass(0.2);
  t.is(recordsIn(world.bench.node.state)[0]?.verdict, 'not-taken');
  await world.bench.until(world.bench.node.stop(false));
});

test('nobody is fit: the leader stays, and says why', async (t) => {
  const world = new World();
  await world.lead(ill, null);
  await world.pass(20);
  world.rise = 0.02;
  t.deepEqual(await world.pass(30), []);
  t.deepEqual(recordsIn(world.bench.node.state), []);
  const because = String(world.said('death-foreseen')[0]?.because);
  t.true(because.includes('a is in danger itself: memory') && because.includes('c has not said how it is'));
  await world.bench.until(world.bench.node.stop(false));
});

for (const [what, policy] of [
  ['all', { enabled: false }],
  [
    'the signal',
    {
      signals: {
        ...defaultBeforeDeath.signals,
        memory: { ...defaultBeforeDeath.signals.memory, watch: false },
      },
    },
  ],
] as const)
  test(`${what} switched off: nothing is handed over`, async (t) => {
    const world = new World(policy);
    await world.lead(well, well);
    await world.pass(20);
    world.rise = 0.02;
    t.deepEqual(await world.pass(30), []);
    await world.bench.until(world.bench.node.stop(false));
  });

const open = {
  from: 'a',
  to: 'b',
  signal: 'memory',
  now: 0.7,
  limit: 0.9,
  inMs: 5000,
  confidence: 0.99,
  verdict: 'open',
  why: '',
} as const;

for (const [what, now, verdict] of [
  ['reached its limit', 0.95, 'justified'],
  ['is as it was', 0.7, 'needless'],
] as const)
  test(`the leader after it judges: the old one's memory ${what}`, async (t) => {
    const world = new World();
    await world.lead(well, well);
    const { node } = world.bench;
    const record = { ...open, atMs: world.bench.time.wallOffsetMs + world.bench.scheduler.nowMs };
    node.submit(proposalOf(keepRecord(record, [])));
    await world.pass(1);
    t.is(recordsIn(node.state)[0]?.verdict, 'open');
    world.bench.reports.set('a', report({ memory: { now, endangered: true, rising: false } }));
    await world.pass(20);
    t.is(recordsIn(node.state)[0]?.verdict, verdict);
    t.like(world.said('hand-over-judged')[0], { from: 'a', verdict });
    await world.bench.until(node.stop(false));
  });

test('records: the newest are kept, and what is none is passed over', (t) => {
  const log = new Log(createStateMachine({ limits: defaultRequestLimits }));
  for (let i = 1; i <= mostRecords + 10; i++)
    log.one(keepRecord({ ...open, atMs: i * 1000 }, recordsIn(log.state)));
  const kept = recordsIn(log.state);
  t.is(kept.length, mostRecords);
  t.is(kept[0]?.atMs, 11_000);
  log.one(keepRecord({ ...open, atMs: 20_000, verdict: 'justified' }, kept));
  t.is(recordsIn(log.state).length, mostRecords);
  t.is(recordsIn(log.state).find(({ atMs }) => atMs === 20_000)?.verdict, 'justified');
  for (const text of ['', 'null', '[]', '{}', JSON.stringify({ ...open, atMs: 1, signal: 'x' })])
    t.is(recordOf(text), null);
});

test('signs travel with reports; reports without them are those of others', (t) => {
  t.deepEqual(decodeReport(report(well))?.signs, well);
  t.is(decodeReport(report(null))?.signs ?? null, null);
});
