import test from 'ava';
import fc from 'fast-check';
import { type SessionId, sessionId } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import type { Command } from '../../../src/ports/command.ts';
import { createStateMachine, type StateBounds } from '../../../src/state/state-machine.ts';
import { Log, put, range, txn } from '../commands.ts';
import { MemoryImage } from '../memory-history.ts';

const open = (nonce: string, ttlMs = 10_000): Command => ({ kind: 'openSession', ttlMs, nonce });

function withSession(bounds: Partial<StateBounds> = {}): { log: Log; session: SessionId } {
  const log = new Log(createStateMachine({ limits, bounds }));
  const result = log.one(open('mine'));
  if (result.kind !== 'openSession') throw new Error(result.kind);
  return { log, session: result.id };
}

function versionOf(log: Log, key: string): number {
  const answer = log.state.range(range(key));
  return answer.kind === 'range' ? (answer.values[0]?.version ?? 0) : Number.NaN;
}

test('the id is the log position of the registration; the same nonce finds the same session', (t) => {
  const { log, session } = withSession();
  t.is(session, sessionId(65_536));
  t.deepEqual(log.apply(open('other'), open('mine')), [
    { kind: 'openSession', id: sessionId(2 * 65_536) },
    { kind: 'openSession', id: session },
  ]);
  t.is(log.state.sessionCount, 2);
});

test('a command sent again is answered as before and not applied again', (t) => {
  const { log, session } = withSession();
  const first = log.inSession(session, 1, 0, put('a', '1'), put('a', '2', { previous: true }));
  log.one(put('a', '3'));
  t.deepEqual(log.inSession(session, 1, 0, put('a', '1'), put('a', '2', { previous: true })), first);
  t.is(versionOf(log, 'a'), 3);
});

test('a re-send may overlap, leave gaps and fill them', (t) => {
  const { log, session } = withSession();
  const [third] = log.inSession(session, 3, 0, put('c', ''));
  const results = log.inSession(session, 1, 0, put('a', ''), put('b', ''), put('c', ''), put('d', ''));
  t.deepEqual(results[2], third);
  t.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => versionOf(log, key)),
    [1, 1, 1, 1],
  );
});

test('what is acknowledged is never applied again, though its result is gone', (t) => {
  const { log, session } = withSession();
  log.inSession(session, 1, 0, put('a', '1'), put('a', '2'));
  const [first, second] = log.inSession(session, 1, 1, put('a', '1'), put('a', '2'));
  t.like(first, { code: 'indeterminate' });
  t.like(second, { kind: 'put', revision: 3 });
  t.is(versionOf(log, 'a'), 2);
  log.inSession(session, 3, 0, put('a', '3'));
  t.like(log.inSession(session, 1, 0, put('a', '1'))[0], { code: 'indeterminate' });
});

test('failed commands keep their result too', (t) => {
  const { log, session } = withSession();
  const command = put('a', '', { ignoreValue: true });
  t.like(log.inSession(session, 1, 0, command)[0], { code: 'key-not-found' });
  log.one(put('a', '1'));
  t.like(log.inSession(session, 1, 0, command)[0], { code: 'key-not-found' });
});

test('a session lives its time-to-live past its last batch or renewal, in cluster time', (t) => {
  const { log, session } = withSession();
  log.wait(9000);
  log.inSession(session, 1, 0, put('a', '1'));
  log.wait(9000);
  log.one({ kind: 'keepSessions', ids: [session, sessionId(1)] });
  log.wait(9999);
  t.is(log.state.sessionCount, 1);
  log.wait(1);
  t.is(log.state.sessionCount, 0);
  t.like(log.inSession(session, 2, 0, put('a', '2'))[0], { code: 'session-expired' });
  t.is(versionOf(log, 'a'), 1);
  t.not((log.one(open('mine')) as { id: SessionId }).id, session);
});

test('closing ends it, also for the rest of the batch that does it', (t) => {
  const { log, session } = withSession();
  const results = log.inSession(session, 1, 0, { kind: 'closeSession', id: session }, put('a', '1'));
  t.like(results, [{ kind: 'closeSession' }, { code: 'session-expired' }]);
  t.like(log.one({ kind: 'closeSession', id: session }), { code: 'session-expired' });
});

test('limits refuse, and never evict', (t) => {
  const { log, session } = withSession({ sessions: 1, sessionResults: 2 });
  t.like(log.one(open('second')), { code: 'too-many-sessions' });
  t.like(log.one(open('mine')), { id: session });
  const results = log.inSession(session, 1, 0, put('a', ''), put('a', ''), put('a', ''));
  t.like(results[2], { code: 'overloaded' });
  t.like(log.inSession(session, 3, 1, put('a', ''))[0], { kind: 'put' });
  t.is(versionOf(log, 'a'), 3);
});

const value = 'x'.repeat(1000);
const before = (key: string): Command => put(key, value, { previous: true });

test('kept results are bounded by bytes, for a session and for all; what is acknowledged makes room', async (t) => {
  const { log, session } = withSession({ sessionKeptBytes: 3000, sessionsKeptBytes: 5000 });
  log.one(put('a', value));
  const kinds = (results: readonly object[]): string[] =>
    results.map((result) => ('code' in result ? String(result.code) : 'put'));
  const send = (first: number, through: number, count: number): string[] =>
    kinds(log.inSession(session, first, through, ...Array.from({ length: count }, () => before('a'))));
  t.deepEqual(send(1, 0, 4), ['put', 'put', 'put', 'overloaded']);
  t.is(versionOf(log, 'a'), 4, 'what is refused is not applied');
  t.deepEqual(send(4, 2, 3), ['put', 'put', 'overloaded']);

  const other = log.one(open('other'));
  if (other.kind !== 'openSession') throw new Error(other.kind);
  const others = log.inSession(other.id, 1, 0, before('a'), before('a'), before('a'));
  t.deepEqual(kinds(others), ['put', 'put', 'overloaded']);

  const image = new MemoryImage();
  image.append(log.state.takeImageBatch());
  const bounds = { sessionKeptBytes: 3000, sessionsKeptBytes: 5000 };
  const restored = new Log(createStateMachine({ limits, bounds }));
  await restored.state.restore(image.load(), async () => {});
  for (const replica of [log, restored]) {
    t.deepEqual(kinds(replica.inSession(other.id, 3, 0, before('a'))), ['overloaded']);
    replica.one({ kind: 'closeSession', id: session });
    t.deepEqual(kinds(replica.inSession(other.id, 3, 0, before('a'))), ['put']);
  }
  t.is(restored.state.digest('user'), log.state.digest('user'));
});

test('a result too large to keep is given once; the command sent again is not applied again', (t) => {
  const { log, session } = withSession({ sessionResultBytes: 500 });
  log.one(put('a', value));
  const read = txn([], [put('b', ''), range('a')]);
  t.like(log.inSession(session, 1, 0, read)[0], { kind: 'txn', succeeded: true });
  t.like(log.inSession(session, 1, 0, read)[0], { kind: 'failed', code: 'indeterminate' });
  t.is(versionOf(log, 'b'), 1);
});

test('a session that acknowledges any number leaves no more records than it has', (t) => {
  const { log, session } = withSession();
  log.inSession(session, 1, 0, put('a', ''));
  log.state.takeImageBatch();
  const far = 2 ** 45;
  t.like(log.inSession(session, far + 1, far, put('a', ''))[0], { kind: 'put' });
  const { records } = log.state.takeImageBatch();
  t.deepEqual(
    records.map(({ key, value: stored }) => [key, stored === null]),
    [
      [`session/${session}`, false],
      [`session/${session}/0`, true],
      [`session/${session}/${2 ** 37}`, false],
    ],
  );
  log.one({ kind: 'closeSession', id: session });
  t.is(log.state.takeImageBatch().records.length, 2);
});

test('exactly once, however batches are cut, repeated, reordered and acknowledged, over restarts', async (t) => {
  const send = fc.record({
    first: fc.integer({ min: 1, max: 600 }),
    count: fc.integer({ min: 1, max: 40 }),
    acknowledges: fc.nat(60),
    restarts: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(send, { maxLength: 25 }), async (sends) => {
      let { log, session } = withSession();
      const image = new MemoryImage();
      const first = new Map<number, unknown>();
      let acknowledged = 0;
      for (const { first: from, count, acknowledges, restarts } of sends) {
        const through = Math.max(0, from - acknowledges);
        acknowledged = Math.max(acknowledged, through);
        const commands = Array.from({ length: count }, (_, i) => put(`k${from + i}`, ''));
        const results = log.inSession(session, from, through, ...commands);
        for (const [i, result] of results.entries()) {
          const number = from + i;
          if (number <= acknowledged) t.like(result, { code: 'indeterminate' });
          else if (first.has(number)) t.deepEqual(result, first.get(number));
          else first.set(number, result);
          t.is(versionOf(log, `k${number}`), first.has(number) ? 1 : 0);
        }
        image.append(log.state.takeImageBatch());
        if (!restarts) continue;
        log = new Log(createStateMachine({ limits }));
        await log.state.restore(image.load(), async () => {});
      }
    }),
    { numRuns: 100 },
  );
});

test.serial('mutants: a number applied twice; results lost with the image', async (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('reuse-session-number');
  const { log, session } = withSession();
  log.inSession(session, 1, 0, put('a', ''));
  log.inSession(session, 1, 0, put('a', ''));
  t.is(versionOf(log, 'a'), 2);
  activateMutant('drop-session-results');
  const image = new MemoryImage();
  image.append(log.state.takeImageBatch());
  const other = new Log(createStateMachine({ limits }));
  await other.state.restore(image.load(), async () => {});
  other.inSession(session, 1, 0, put('a', ''));
  t.is(versionOf(other, 'a'), 3);
});
