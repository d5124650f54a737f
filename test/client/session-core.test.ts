import test from 'ava';
import { defaultSessionOptions, type SessionOptions } from '../../src/client/core/options.ts';
import type { CoreReady } from '../../src/client/core/ready.ts';
import { SessionCore } from '../../src/client/core/session-core.ts';
import { verdictOn } from '../../src/client/core/verdict.ts';
import { errorCodes, TanistError } from '../../src/foundation/errors.ts';
import { noSession, revision, sessionId } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { type CommandBatch, rangeOf } from '../../src/ports/command.ts';
import type { CommandResult } from '../../src/ports/result.ts';
import type { SessionReply } from '../../src/protocol/session/session-reply.ts';
import { put } from './lossy-cluster.ts';

const session = sessionId(7);
const forever = Number.POSITIVE_INFINITY;

function done(first: number, count: number): SessionReply {
  const results = Array.from(
    { length: count },
    (): CommandResult => ({
      kind: 'put',
      revision: revision(2),
      previous: null,
    }),
  );
  return { kind: 'batch', session, firstNumber: first, results, refused: null, refusedCount: 0 };
}

function refused(first: number, error: TanistError): SessionReply {
  return { kind: 'batch', session, firstNumber: first, results: [], refused: error, refusedCount: 0 };
}

/** With its session open, on stream 1. */
function opened(options: Partial<SessionOptions> = {}): SessionCore<string> {
  const core = new SessionCore(
    ['a:1', 'b:1'],
    { ...defaultSessionOptions, ...options },
    seededRandom(1),
    'own',
  );
  core.submit(put('0'), forever, false, '0');
  core.ready(0);
  const result: CommandResult = { kind: 'openSession', id: session };
  core.received(
    1,
    { kind: 'batch', session: noSession, firstNumber: 0, results: [result], refused: null, refusedCount: 0 },
    0,
  );
  core.ready(0);
  core.received(1, done(1, 1), 0);
  core.ready(0);
  return core;
}

const shape = ({ batches }: CoreReady<string>): string[] =>
  batches.map((b: CommandBatch) => `${b.firstNumber}+${b.commands.length} ack ${b.acknowledgedThrough}`);

function submit(core: SessionCore<string>, count: number, deadlineMs = forever) {
  return Array.from({ length: count }, (_, i) => core.submit(put(`${i}`), deadlineMs, false, `${i}`));
}

test('numbers begin at 1; acknowledgedThrough follows without a gap', (t) => {
  const core = opened({ batchCommands: 2 });
  submit(core, 6);
  t.deepEqual(shape(core.ready(0)), ['2+2 ack 1', '4+2 ack 1', '6+2 ack 1']);
  core.received(1, done(4, 2), 0);
  submit(core, 1);
  t.deepEqual(shape(core.ready(0)), ['8+1 ack 1']);
  core.received(1, done(2, 2), 0);
  submit(core, 1);
  t.deepEqual(shape(core.ready(0)), ['9+1 ack 5']);
});

test('after a loss the unanswered go out again in order, in runs of consecutive numbers', (t) => {
  const core = opened({ batchCommands: 2 });
  submit(core, 6);
  core.ready(0);
  core.received(1, done(4, 2), 0);
  core.streamLost(1, 'dropped', 1);
  submit(core, 1);
  const ready = core.ready(1);
  t.true(ready.open);
  // A guess gets one batch; once it has answered, the rest follows.
  t.deepEqual(shape(ready), ['2+2 ack 1']);
  core.received(2, done(2, 2), 1);
  t.deepEqual(shape(core.ready(1)), ['6+2 ack 5', '8+1 ack 5']);
});

function early(first: number, last: number): SessionReply {
  return { kind: 'early', session, firstNumber: first, lastNumber: last };
}

test('what the leader has acknowledged early holds nobody up, on that stream', (t) => {
  const core = opened({ batchesInFlight: 2 });
  const submitEarly = (): void => void core.submit(put('e'), forever, true, 'e');
  const next = (): string[] => {
    submitEarly();
    return shape(core.ready(0));
  };
  t.deepEqual([next(), next(), next()], [['2+1 ack 1'], ['3+1 ack 1'], []]);
  core.received(1, early(2, 2), 0);
  t.deepEqual(shape(core.ready(0)), ['4+1 ack 1']);
  core.received(1, early(2, 2), 0);
  t.deepEqual(next(), [], 'said twice, it counts once');
  core.received(1, early(3, 3), 0);
  core.received(1, early(4, 4), 0);
  t.deepEqual(shape(core.ready(0)), ['5+1 ack 1']);
  core.received(1, done(2, 1), 0);
  t.deepEqual(
    [next(), next()],
    [['6+1 ack 2'], []],
    'an early one that is answered frees nothing a second time',
  );

  core.streamLost(1, 'dropped', 1);
  const again = shape(core.ready(1));
  t.deepEqual(again, ['3+5 ack 2'], 'a guess gets one batch, whatever another member has said of it');
  submitEarly();
  t.deepEqual(shape(core.ready(1)), []);
  core.received(2, done(3, 5), 1);
  t.deepEqual(shape(core.ready(1)), ['8+1 ack 7']);
});

test('a part of a batch that is acknowledged early frees no place', (t) => {
  const core = opened({ batchesInFlight: 1 });
  for (let i = 0; i < 2; i++) core.submit(put('e'), forever, true, 'e');
  t.deepEqual(shape(core.ready(0)), ['2+2 ack 1']);
  core.submit(put('e'), forever, true, 'e');
  core.received(1, early(2, 2), 0);
  t.deepEqual(shape(core.ready(0)), []);
  core.received(1, early(2, 3), 0);
  t.deepEqual(shape(core.ready(0)), ['4+1 ack 1']);
});

test('a refused part that goes out again is told from the rest of its first batch', (t) => {
  const core = opened({ batchesInFlight: 2 });
  const commands = submit(core, 6);
  t.deepEqual(shape(core.ready(0)), ['2+6 ack 1']);
  const busy = new TanistError('overloaded', 'busy');
  const partly = (first: number, count: number, error: TanistError): void =>
    core.received(1, { ...refused(first, error), refusedCount: count } as never, 0);
  partly(3, 1, new TanistError('key-empty', 'empty'));
  partly(4, 4, busy);
  core.abandon(commands[3]!, 'cancelled', 'cancelled');
  t.deepEqual(shape(core.ready(1000)), ['4+1 ack 1'], 'the rest of the first one counts');
  core.received(1, refused(4, busy), 1000);
  t.deepEqual(shape(core.ready(3000)), ['4+1 ack 1'], 'and is neither the shorter nor the longer for it');
  core.received(1, done(2, 1), 3000);
  t.deepEqual(shape(core.ready(3000)), ['6+2 ack 3']);
  core.received(1, refused(4, busy), 3000);
  t.deepEqual(
    commands.map(({ state }) => state).slice(4),
    ['sent', 'sent'],
    'it speaks for its own batch alone',
  );
  t.deepEqual(shape(core.ready(5000)), ['4+1 ack 3']);
  core.received(1, done(4, 1), 5000);
  core.received(1, done(6, 2), 5000);
  t.false(core.busy, 'no place is lost');
});

/** With four puts that were acknowledged early and four that were not, two a batch, at another leader, of which it knows. */
function elsewhere(): SessionCore<string> {
  const core = opened({ batchCommands: 2 });
  for (let i = 0; i < 4; i++) core.submit(put('e'), forever, true, 'e');
  core.ready(0);
  core.received(1, early(2, 3), 0);
  core.received(1, early(4, 5), 0);
  submit(core, 4);
  core.ready(0);
  core.streamLost(1, 'dropped', 1);
  const routing = { term: 2, leader: 'b', members: [{ id: 'b', clientAddress: 'b:1' }], succession: [] };
  core.routed('b:1', routing as never, 1);
  return core;
}

test.serial('what was acknowledged early and goes out again is not overtaken', (t) => {
  const core = elsewhere();
  const shapes = (nowMs: number): string[] => shape(core.ready(nowMs));
  t.deepEqual(shapes(1), ['2+2 ack 1'], 'nothing goes out behind it');
  core.received(2, refused(2, new TanistError('overloaded', 'busy')), 1);
  t.deepEqual(shapes(1000), ['2+2 ack 1'], 'it goes first again');
  core.received(2, early(2, 3), 1000);
  t.deepEqual(shapes(1000), ['4+2 ack 1']);
  core.received(2, done(2, 2), 1000);
  t.deepEqual(shapes(1000), []);
  core.received(2, done(4, 2), 1000);
  t.deepEqual(shapes(1000), ['6+2 ack 5', '8+2 ack 5'], 'what nobody was told of goes as ever');

  t.teardown(() => activateMutant(null));
  activateMutant('repeats-overtaken');
  t.true(shape(elsewhere().ready(1)).length > 1);
});

test('an abandoned number leaves a gap and is never used again', (t) => {
  const core = opened();
  const [, second] = submit(core, 3);
  core.ready(0);
  core.abandon(second!, 'cancelled', 'cancelled');
  core.streamLost(1, 'dropped', 1);
  t.deepEqual(shape(core.ready(1)), ['2+1 ack 1']);
  core.received(2, done(2, 1), 1);
  submit(core, 1);
  t.deepEqual(shape(core.ready(1)), ['4+2 ack 3']);
});

test('indeterminate exactly if a copy of unknown fate went out', (t) => {
  const core = opened();
  const [queued] = submit(core, 1);
  core.abandon(queued!, 'deadline-exceeded', 'late');
  t.like(queued!.error, { indeterminate: false });

  const [refusedOnce] = submit(core, 1);
  core.ready(0);
  core.received(1, refused(2, new TanistError('overloaded', 'busy')), 0);
  core.abandon(refusedOnce!, 'deadline-exceeded', 'late');
  t.like(refusedOnce!.error, { indeterminate: false });

  const [sent] = submit(core, 1);
  core.ready(1000);
  core.received(1, refused(3, new TanistError('indeterminate', 'stepped down')), 1000);
  core.abandon(sent!, 'deadline-exceeded', 'late');
  t.like(sent!.error, { indeterminate: true });
});

test('a deadline error says what stood in the way', (t) => {
  const core = opened();
  const [pending] = submit(core, 1, 50);
  core.ready(0);
  core.received(1, refused(2, new TanistError('not-leader', 'not the leader')), 0);
  t.true(core.wakeAtMs() <= 50);
  core.tick(50);
  t.like(pending!.error, { code: 'deadline-exceeded', indeterminate: false, retryable: true });
  t.regex(pending!.error!.message, /not the leader/);
});

test('of an earlier attempt that was refused a deadline error says why, not what became of it', (t) => {
  const core = opened();
  const [pending] = submit(core, 1, 50);
  core.ready(0);
  core.received(
    1,
    refused(2, new TanistError('no-leader', 'none was elected; nothing of it was proposed: try again')),
    0,
  );
  core.ready(30);
  core.tick(50);
  t.regex(pending!.error!.message, /^no answer in time \(none was elected\); it /);
});

test('a refusal for good of a copy that followed one of unknown fate stays indeterminate', (t) => {
  const core = opened();
  const [pending] = submit(core, 1);
  core.ready(0);
  core.streamLost(1, 'dropped', 1);
  core.ready(1);
  core.received(2, refused(2, new TanistError('invalid-argument', 'no')), 1);
  t.like(pending!.error, { code: 'invalid-argument', indeterminate: true });
});

test('back-pressure: so many in flight, so many waiting, then overloaded', (t) => {
  const core = opened({ inFlightCommands: 2, queuedCommands: 3 });
  submit(core, 2);
  core.ready(0);
  const waiting = submit(core, 3);
  t.deepEqual(shape(core.ready(0)), []);
  const [tooMany] = submit(core, 1);
  t.like(tooMany!.error, { code: 'overloaded', retryable: true, indeterminate: false });
  t.true(waiting.every(({ state }) => state === 'queued'));
  core.received(1, done(2, 2), 0);
  t.deepEqual(shape(core.ready(0)), ['4+2 ack 3']);
});

test('while batches are under way the next one gathers', (t) => {
  const core = opened({ batchesInFlight: 1 });
  submit(core, 1);
  t.deepEqual(shape(core.ready(0)), ['2+1 ack 1']);
  submit(core, 5);
  submit(core, 5);
  t.deepEqual(shape(core.ready(0)), []);
  core.received(1, done(2, 1), 0);
  t.deepEqual(shape(core.ready(0)), ['3+10 ack 2']);
});

test('an idle session is renewed at a third of its time-to-live', (t) => {
  const core = opened({ sessionTtlMs: 300 });
  t.is(core.wakeAtMs(), 100);
  core.tick(99);
  t.deepEqual(shape(core.ready(99)), []);
  core.tick(100);
  const { batches } = core.ready(100);
  t.deepEqual(batches[0]?.commands, [{ kind: 'keepSessions', ids: [session] }]);
});

test('a session opening that is sent again keeps its nonce', (t) => {
  const core = new SessionCore(['a:1', 'b:1'], defaultSessionOptions, seededRandom(1), 'own');
  submit(core, 1);
  const first = core.ready(0).batches;
  core.streamLost(1, 'dropped', 1);
  t.deepEqual(core.ready(1).batches, first);
});

test('replies on a stream that was left are not heard', (t) => {
  const core = opened();
  const [pending] = submit(core, 1);
  core.ready(0);
  core.streamLost(1, 'dropped', 1);
  core.ready(1);
  core.received(1, done(2, 1), 1);
  t.is(pending!.state, 'sent');
});

test('every code of a refusal has a verdict', (t) => {
  const verdicts = new Map(errorCodes.map((code) => [code, verdictOn(new TanistError(code, ''))]));
  const withVerdict = (wanted: string): string[] =>
    errorCodes.filter((code) => verdicts.get(code) === wanted).sort();
  t.deepEqual(withVerdict('later'), [
    'disk-full',
    'overloaded',
    'too-many-predictions',
    'too-many-sessions',
    'too-many-watchers',
  ]);
  t.deepEqual(withVerdict('elsewhere'), [
    'indeterminate',
    'no-leader',
    'not-leader',
    'session-expired',
    'starting',
    'stopping',
    'superseded',
    'unavailable',
    'under-doubt',
  ]);
});

test('a part of a batch may be refused, or fail, on its own', (t) => {
  const core = opened();
  const [first, invalid, third, fourth] = submit(core, 4);
  core.ready(0);
  const partly = (from: number, count: number, error: TanistError): SessionReply => ({
    kind: 'batch',
    session,
    firstNumber: from,
    results: [],
    refused: error,
    refusedCount: count,
  });
  core.received(1, partly(3, 1, new TanistError('key-empty', 'empty')), 0);
  t.like(invalid!.error, { code: 'key-empty', indeterminate: false });
  core.received(1, partly(4, 2, new TanistError('overloaded', 'busy')), 0);
  t.true(core.busy, 'the rest of it is under way');
  core.received(1, done(2, 1), 0);
  t.is(first!.state, 'settled');
  t.is(first!.error, null);
  t.false(core.busy);
  t.deepEqual([third!.state, fourth!.state], ['unsent', 'unsent']);
  t.deepEqual(shape(core.ready(1000)), ['4+2 ack 3']);
});

test('a refusal that the state did not make says nothing of an earlier copy', (t) => {
  const core = opened();
  const [small, other] = submit(core, 2);
  core.ready(0);
  core.streamLost(1, 'dropped', 1);
  core.ready(1);
  core.received(
    2,
    { ...refused(2, new TanistError('value-too-large', 'here')), refusedCount: 1 } as never,
    1,
  );
  t.like(small!.error, { code: 'value-too-large', indeterminate: true });
  const full: CommandResult = { kind: 'failed', code: 'overloaded', message: 'acknowledge some' };
  core.received(2, { ...done(3, 0), results: [full] } as never, 1);
  t.like(other!.error, { code: 'overloaded', indeterminate: true });
});

const unreadable = new TanistError('invalid-argument', 'malformed message: nested too deeply');

/** Sends, and ends every stream that gets the command with this number. How many streams that took. */
function endsAt(core: SessionCore<string>, bad: number): number {
  let streams = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 50) {
    const ready = core.ready(nowMs);
    const numbers = ready.batches.flatMap((batch) =>
      batch.commands.map((_, i): number => batch.firstNumber + i),
    );
    if (numbers.includes(bad)) {
      streams++;
      core.streamLost(ready.stream, unreadable.message, nowMs, unreadable);
    } else {
      for (const batch of ready.batches)
        core.received(ready.stream, done(batch.firstNumber, batch.commands.length), nowMs);
    }
  }
  return streams;
}

test('a member that cannot read a message: the command that it is fails, after as many streams as it takes to halve its batch', (t) => {
  const core = opened();
  const [good, bad, ...others] = submit(core, 64);
  t.true(endsAt(core, 3) <= 7);
  t.is(bad!.error?.code, 'invalid-argument');
  t.false(bad!.error?.indeterminate, 'each copy was in the only message under way');
  for (const each of [good!, ...others]) t.is(each.error, null);
  core.ready(0);
  t.is(core.unansweredCommands, 0);
});

test('several messages under way when a member cannot read one: it is found, and may be of unknown fate', (t) => {
  const core = opened({ batchCommands: 4 });
  const all = submit(core, 16);
  core.ready(0);
  const bad = all[9]!;
  core.streamLost(1, unreadable.message, 0, unreadable);
  t.true(endsAt(core, bad.number) <= 4);
  t.like(bad.error, { code: 'invalid-argument', indeterminate: true });
  t.deepEqual(
    all.filter(({ error }) => error !== null),
    [bad],
  );
});

test('of what a member had read nothing fails when it ends the stream over another message', (t) => {
  const core = opened({ batchCommands: 2 });
  const [first] = submit(core, 4);
  core.ready(0);
  core.received(1, early(first!.number, first!.number + 1), 0);
  core.read(rangeOf('user', put('k').key), { kind: 'linearizable' }, 5, 'read');
  core.ready(0);
  // Of the read nobody wants to know any more, but it may be what could not be read.
  core.tick(5);
  core.received(1, done(first!.number + 2, 2), 5);
  core.streamLost(1, unreadable.message, 5, unreadable);
  t.is(core.unansweredCommands, 2);
  t.is(first!.error, null);
});

test('a read that a member cannot read fails, and no other', (t) => {
  const core = opened();
  const reads = Array.from({ length: 9 }, () =>
    core.read(rangeOf('user', put('k').key), { kind: 'linearizable' }, forever, 'read'),
  );
  const bad = reads[4]!;
  let streams = 0;
  for (let nowMs = 0; nowMs < 10_000 && core.unansweredReads > 0; nowMs += 50) {
    const ready = core.ready(nowMs);
    const replies = ready.reads.map(({ id }) => ({
      id,
      outcome: { kind: 'range', revision: revision(2), values: [], count: 0, more: false } as const,
      ageMs: 0,
    }));
    if (ready.reads.includes(bad)) {
      streams++;
      core.streamLost(ready.stream, unreadable.message, nowMs, unreadable);
    } else core.received(ready.stream, { kind: 'reads', replies }, nowMs);
  }
  t.true(streams <= 5, `${streams} streams`);
  t.is(bad.error?.code, 'invalid-argument');
  t.deepEqual(
    reads.filter(({ error }) => error !== null),
    [bad],
  );
});
