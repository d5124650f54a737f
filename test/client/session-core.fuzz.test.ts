import test, { type ExecutionContext } from 'ava';
import { defaultSessionOptions } from '../../src/client/core/options.ts';
import type { PendingCommand, PendingRead, ReadHow } from '../../src/client/core/pending.ts';
import { SessionCore } from '../../src/client/core/session-core.ts';
import { textOf } from '../../src/foundation/bytes.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { type Random, seededRandom } from '../../src/foundation/random.ts';
import { type CommandBatch, rangeOf } from '../../src/ports/command.ts';
import { addresses, LossyCluster, put, unreadableLimit } from './lossy-cluster.ts';

const options = {
  ...defaultSessionOptions,
  sessionTtlMs: 3000,
  inFlightCommands: 24,
  queuedCommands: 40,
  batchCommands: 5,
  batchesInFlight: 3,
  inFlightReads: 4,
};

const range = rangeOf('user', put('k').key);
const unreadableRange = { ...range, limit: unreadableLimit };

class Violation extends Error {}

function check(condition: boolean, message: string): void {
  if (!condition) throw new Violation(message);
}

/** A client core against the lossy cluster, every choice drawn from the seed; checks as it goes. */
class Run {
  readonly cluster: LossyCluster;
  private readonly random: Random;
  private readonly core: SessionCore<string | null>;
  private nowMs = 1;
  private submitted = 0;
  private readonly pending: PendingCommand<string | null>[] = [];
  private readonly reads: PendingRead<string | null>[] = [];
  private readonly settled = new Set<PendingCommand<string | null>>();
  private readonly settledReads = new Set<PendingRead<string | null>>();
  /** With how many commands had been submitted by then. */
  private readonly early = new Map<PendingCommand<string | null>, number>();
  private readonly lost = new Set<PendingCommand<string | null>>();
  /** Session and number → what carried it. */
  private readonly numbers = new Map<string, string>();
  private acknowledged = 0;
  private session = 0;
  readonly seen = { indeterminate: 0, resent: 0, lost: 0, succeeded: 0, unreadable: 0 };
  private readonly unreadable: boolean;

  /** `unreadable`: some commands and reads are such that members cannot read them. */
  constructor(seed: number, unreadable: boolean) {
    this.unreadable = unreadable;
    this.random = seededRandom(seed);
    this.cluster = new LossyCluster(this.random.fork('cluster'));
    this.cluster.prompt = seed % 2 === 0;
    this.core = new SessionCore<string | null>([...addresses], options, this.random.fork('core'), null);
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.step();
    this.cluster.faults = false;
    this.cluster.leader = addresses[this.random.below(3)] ?? null;
    this.cluster.term++;
    for (const address of addresses) this.core.linkUp(address);
    if (this.cluster.streams.some(({ heard, dead }) => heard && dead)) this.loseStream();
    this.core.routed(addresses[0], this.cluster.routing(), this.nowMs);
    for (let i = 0; i < 3000 && this.core.unansweredCommands + this.core.unansweredReads > 0; i++) {
      this.deliver();
      this.nowMs += 1;
      this.core.tick(this.nowMs);
      this.flush();
    }
    // Answers to what was abandoned.
    for (let i = 0; i < 500; i++) this.deliver();
    this.finish();
  }

  private step(): void {
    const { random, core, cluster } = this;
    if (cluster.prompt) this.nowMs += 1;
    const dice = random.below(100);
    if (dice < 30) this.submit();
    else if (dice < 34) this.read();
    else if (dice < 82) this.deliver();
    else if (dice < 86) this.loseStream();
    else if (dice < 88) this.elect();
    else if (dice < 92) {
      const routing = cluster.routing();
      // Voters that have given up the leader.
      const said = random.chance(0.4) ? { ...routing, leader: null } : routing;
      core.routed(random.pick(addresses), said, this.nowMs);
    } else if (dice < 93) core.linkDown(random.pick(addresses), this.nowMs);
    else if (dice < 95) core.linkUp(random.pick(addresses));
    else if (dice < 96 && random.chance(0.2)) cluster.expireSessions();
    else if (dice < 97 && this.pending.length > 0)
      core.abandon(random.pick(this.pending), 'cancelled', 'cancelled');
    else {
      this.nowMs += random.below(random.chance(0.1) ? 1500 : 30);
      core.tick(this.nowMs);
    }
    if (random.chance(0.7)) this.flush();
  }

  private deadline(): number {
    return this.random.chance(0.3) ? this.nowMs + this.random.below(200) : Number.POSITIVE_INFINITY;
  }

  private read(): void {
    const what = this.drawsUnreadable() ? unreadableRange : range;
    this.reads.push(this.core.read(what, how(this.random.chance(0.3)), this.deadline(), 'read'));
  }

  private drawsUnreadable(): boolean {
    return this.unreadable && this.random.chance(0.05);
  }

  private submit(): void {
    for (let i = this.random.below(6); i >= 0; i--) {
      const dice = this.random.below(20);
      const kind = dice < 2 ? 'bad' : dice === 2 ? 'never' : this.drawsUnreadable() ? 'unreadable' : 'op';
      const value = `${kind}-${this.submitted++}`;
      const wantsEarly = this.random.chance(this.cluster.prompt ? 0.7 : 0.3);
      this.pending.push(this.core.submit(put(value), this.deadline(), wantsEarly, value));
    }
  }

  private deliver(): void {
    const { random, cluster, core } = this;
    const present = cluster.streams.find((stream) => stream.heard && stream.replies.length > 0);
    const ended = cluster.streams.find((stream) => stream.heard && stream.ended);
    if (ended !== undefined && random.chance(ended.replies.length > 0 ? 0.2 : 0.8)) {
      ended.heard = false;
      const error = new TanistError('invalid-argument', 'unreadable');
      core.streamLost(ended.number, error.message, this.nowMs, error);
    } else if (present !== undefined && random.chance(0.5)) {
      core.received(present.number, present.replies.shift()!, this.nowMs);
    } else {
      cluster.step();
    }
  }

  private elect(): void {
    this.cluster.electAnother();
    if (!this.cluster.prompt) return;
    // The new one announces itself.
    this.loseStream();
    this.core.routed(addresses[0], this.cluster.routing(), this.nowMs);
  }

  private loseStream(): void {
    const stream = this.cluster.streams.find((each) => each.heard);
    if (stream === undefined) return;
    this.cluster.drop(stream.number);
    this.core.streamLost(stream.number, 'dropped', this.nowMs);
  }

  private flush(): void {
    const ready = this.core.ready(this.nowMs);
    for (const stream of this.cluster.streams) {
      if (stream.heard && stream.number !== ready.stream) this.cluster.drop(stream.number);
    }
    for (const command of ready.settled) {
      if (command.tag === null) continue;
      check(!this.settled.has(command), `${command.tag} settled twice`);
      this.settled.add(command);
    }
    for (const read of ready.settledReads) {
      check(!this.settledReads.has(read), 'a read settled twice');
      this.settledReads.add(read);
    }
    for (const command of ready.early) this.early.set(command, this.submitted);
    for (const command of ready.lost) this.lost.add(command);
    if (ready.open) this.cluster.open(ready.stream, ready.address);
    if (ready.reads.length > 0) this.cluster.send(ready.stream, { kind: 'reads', reads: ready.reads });
    for (const batch of ready.batches) {
      if (batch.session !== 0) this.checkBatch(batch);
      this.cluster.send(ready.stream, { kind: 'batch', batch });
    }
  }

  private checkBatch(batch: CommandBatch): void {
    if (batch.session !== this.session) this.acknowledged = 0;
    this.session = batch.session;
    check(batch.acknowledgedThrough >= this.acknowledged, 'acknowledgedThrough goes back');
    check(batch.firstNumber > batch.acknowledgedThrough, 'a settled number is sent');
    check(batch.commands.length > 0 && batch.commands.length <= options.batchCommands, 'batch size');
    this.acknowledged = batch.acknowledgedThrough;
    for (const [i, command] of batch.commands.entries()) {
      const at = `${batch.session}/${batch.firstNumber + i}`;
      const value = command.kind === 'put' ? textOf(command.value) : command.kind;
      const before = this.numbers.get(at);
      if (before !== undefined) this.seen.resent++;
      check(before === undefined || before === value, `number ${at} was ${before}, now ${value}`);
      this.numbers.set(at, value);
    }
  }

  private finish(): void {
    check(this.core.unansweredCommands === 0, `${this.core.unansweredCommands} commands never answered`);
    check(this.core.unansweredReads === 0, `${this.core.unansweredReads} reads never answered`);
    for (const read of this.reads) {
      check(this.settledReads.has(read), 'a read was never told');
      check(read.error?.code !== 'invalid-argument' || read.range === unreadableRange, 'a good read failed');
    }
    for (const command of this.pending) {
      const value = command.tag!;
      check(this.settled.has(command), `${value} was never told`);
      const applied = this.cluster.applied.get(value);
      const isRefused = command.error?.code === 'invalid-argument';
      if (isRefused) this.seen.unreadable++;
      check(!isRefused || value.startsWith('unreadable'), `${value} failed: ${command.error?.message}`);
      check((applied?.count ?? 0) <= 1, `${value} applied ${applied?.count} times`);
      if (command.result !== null) {
        this.seen.succeeded++;
        check(applied !== undefined, `${value} acknowledged but not applied`);
        check(
          command.result.kind === 'put' && command.result.revision === applied?.revision,
          `${value}: result`,
        );
      } else if (command.error?.indeterminate) {
        this.seen.indeterminate++;
      } else {
        check(applied === undefined, `${value} failed (${command.error?.code}) but was applied`);
      }
      if (this.early.has(command)) {
        check(command.result !== null || this.lost.has(command), `${value}: told early, then silently lost`);
      }
    }
    check(!this.core.busy, 'a batch is waited for of which nothing is left');
    if (this.cluster.prompt) this.checkOrder();
    for (const command of this.lost)
      check(this.early.has(command) && command.result === null, 'lost, but not so');
    this.seen.lost += this.lost.size;
  }

  /** What was submitted after another one was acknowledged early is applied after it. */
  private checkOrder(): void {
    const revisionOf = (command: PendingCommand<string | null>): number =>
      this.cluster.applied.get(command.tag ?? '')?.revision ?? 0;
    for (const [first, submitted] of this.early) {
      for (const later of this.pending.slice(submitted)) {
        const isLater = revisionOf(later) > revisionOf(first);
        check(isLater || revisionOf(later) === 0, `${later.tag} overtook ${first.tag}, told early before it`);
      }
    }
  }
}

function fuzz(
  seeds: number,
  steps: number,
  unreadable = false,
): { failure: string | null; seen: Run['seen'] } {
  const total = { indeterminate: 0, resent: 0, lost: 0, succeeded: 0, unreadable: 0 };
  const only = process.env.TANIST_SEED;
  const list = only === undefined ? Array.from({ length: seeds }, (_, i) => i + 1) : [Number(only)];
  for (const seed of list) {
    const run = new Run(seed, unreadable);
    try {
      run.run(steps);
    } catch (error) {
      const { message } = error as Error;
      return {
        failure: `seed ${seed}: ${message}; again: TANIST_SEED=${seed} npx ava '**/session-core.fuzz.test.js'`,
        seen: total,
      };
    }
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += run.seen[key];
  }
  return { failure: null, seen: total };
}

test.serial('exactly once over lost streams, leaders and sessions', (t: ExecutionContext) => {
  const { failure, seen } = fuzz(400, 600);
  t.is(failure, null);
  if (process.env.TANIST_SEED !== undefined) return;
  // The faults have really been met.
  t.true(
    seen.succeeded > 10_000 && seen.resent > 1000 && seen.indeterminate > 100 && seen.lost > 10,
    JSON.stringify(seen),
  );
});

test.serial('what no member can read fails alone, and never in a loop', (t) => {
  const { failure, seen } = fuzz(400, 600, true);
  t.is(failure, null);
  t.true(seen.succeeded > 5000 && seen.unreadable > 500, JSON.stringify(seen));
});

test.serial('a reused session number is found', (t) => {
  activateMutant('reuse-session-number');
  try {
    t.not(fuzz(20, 600).failure, null);
  } finally {
    activateMutant(null);
  }
});

function how(isLocal: boolean): ReadHow {
  return { kind: isLocal ? 'serializable' : 'linearizable' };
}
