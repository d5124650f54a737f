import { mock } from 'node:test';
import test from 'ava';
import type { Deadlines, Timed } from '../../../src/api/etcd/deadlines.ts';
import { EtcdError } from '../../../src/api/etcd/etcd-error.ts';
import { type ReadDone, Reads, tryAgainMs } from '../../../src/api/etcd/reads.ts';
import { Answered } from '../../../src/api/etcd/writes/answered.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import type { ReadOutcome, TanistNode } from '../../../src/node/node.ts';
import type { RangeResult } from '../../../src/ports/result.ts';
import { put, range } from '../../state/commands.ts';

const found: RangeResult = { kind: 'range', revision: revision(9), values: [], count: 0, more: false };
const future = new TanistError('revision-future', 'revision 9 is not there yet');

/** A node that answers with these, the last one again and again. */
function readAt(leads: boolean, ...outcomes: readonly ReadOutcome[]) {
  let asked = 0;
  const node = {
    id: nodeId('b'),
    routing: () => ({ leader: nodeId(leads ? 'b' : 'a') }),
    state: { revision: () => revision(9), compacted: () => revision(0) },
    read: (_: unknown, __: unknown, done: (outcome: ReadOutcome) => void) =>
      done(outcomes[Math.min(asked++, outcomes.length - 1)] as ReadOutcome),
  } as unknown as TanistNode;
  const answer = new Promise<Parameters<ReadDone>[0]>((done) =>
    new Reads(node, {} as Deadlines, new Answered()).read(
      range('k', '', { revision: revision(9) }),
      true,
      done,
    ),
  );
  return { answer, asked: () => asked };
}

test('a follower that is a moment behind answers a read at a revision when it has it', async (t) => {
  const { answer, asked } = readAt(false, future, future, found);
  t.is(await answer, found);
  t.is(asked(), 3);
});

test('a revision that does not come is refused in etcd’s words, by the leader at once', async (t) => {
  const follower = await readAt(false, future).answer;
  t.true(follower instanceof EtcdError);
  const { answer, asked } = readAt(true, future);
  const leader = await answer;
  t.is((leader as EtcdError).details, 'etcdserver: mvcc: required revision is a future revision');
  t.is((follower as EtcdError).details, (leader as EtcdError).details);
  t.is(asked(), 1);
});

test.serial('a linearizable read is not wanted, nor tried again, once its caller is gone', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const asked: { readonly answer: (outcome: ReadOutcome) => void; readonly isGone: () => boolean }[] = [];
  const node = {
    tier: 'hot',
    read: (_: unknown, __: unknown, answer: (outcome: ReadOutcome) => void, isGone: () => boolean) =>
      void asked.push({ answer, isGone }),
  } as unknown as TanistNode;
  const timed: Timed[] = [];
  const deadlines = { add: (one: Timed) => void timed.push(one) } as unknown as Deadlines;
  const caller = { cancelled: false };
  const outcomes: unknown[] = [];
  new Reads(node, deadlines, new Answered()).read(
    range('k'),
    false,
    (outcome) => outcomes.push(outcome),
    caller,
  );
  t.false(asked[0]?.isGone());
  const noLeader = new TanistError('no-leader', 'nobody leads');
  asked[0]?.answer(noLeader);
  mock.timers.tick(tryAgainMs);
  t.is(asked.length, 2);
  caller.cancelled = true;
  t.true(asked[1]?.isGone());
  asked[1]?.answer(noLeader);
  mock.timers.tick(tryAgainMs);
  t.is(asked.length, 2);
  timed[0]?.expire();
  t.is(outcomes.length, 1, 'it is counted all the same');
});

test('a serializable read at a follower has what that follower has answered, or all that is left of it', async (t) => {
  const state = { at: 4 };
  const asked: string[] = [];
  let confirm: ((outcome: ReadOutcome) => void) | null = null;
  const node = {
    id: nodeId('b'),
    tier: 'hot',
    routing: () => ({ leader: nodeId('a') }),
    state: { revision: () => revision(state.at), compacted: () => revision(0) },
    read: (_: unknown, consistency: string, done: (outcome: ReadOutcome) => void) => {
      asked.push(consistency);
      if (consistency === 'linearizable') confirm = done;
      else done(found);
    },
  } as unknown as TanistNode;
  const answered = new Answered();
  const reads = new Reads(node, {} as Deadlines, answered);
  const read = (): Promise<unknown> =>
    new Promise((done) => reads.read(range('k'), true, (outcome) => done(outcome)));
  t.is(await read(), found);
  t.deepEqual(asked.splice(0), ['serializable']);

  answered.note([put('k', 'v')], [{ kind: 'put', revision: revision(5), previous: null }]);
  const waits = read();
  t.deepEqual(asked.splice(0), ['linearizable']);
  state.at = 5;
  confirm!(found);
  t.is(await waits, found);
  t.is(await read(), found);
  t.deepEqual(asked.splice(0), ['serializable', 'serializable'], 'once it is there, nobody waits');

  answered.note([put('k', 'v')], [{ kind: 'put', revision: revision(6), previous: null }]);
  const ofLost = read();
  confirm!(found);
  await ofLost;
  await read();
  t.deepEqual(
    asked.splice(0),
    ['linearizable', 'serializable', 'serializable'],
    'a lost one is waited for once',
  );

  const compact = { kind: 'compact', space: 'user', revision: revision(3) } as const;
  answered.note([compact], [{ kind: 'compact', revision: revision(5) }]);
  void read();
  t.deepEqual(asked.splice(0), ['linearizable'], 'a compaction, too');
});

test.serial('without a leader what was answered is waited for a second, then the read goes on', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.teardown(() => mock.timers.reset());
  const noLeader = new TanistError('no-leader', 'nobody leads');
  const node = {
    id: nodeId('b'),
    tier: 'hot',
    routing: () => ({ leader: null }),
    state: { revision: () => revision(4), compacted: () => revision(0) },
    read: (_: unknown, consistency: string, done: (outcome: ReadOutcome) => void) =>
      done(consistency === 'linearizable' ? noLeader : found),
  } as unknown as TanistNode;
  const answered = new Answered();
  answered.note([put('k', 'v')], [{ kind: 'put', revision: revision(5), previous: null }]);
  const outcomes: unknown[] = [];
  new Reads(node, {} as Deadlines, answered).read(range('k'), true, (outcome) => outcomes.push(outcome));
  mock.timers.tick(990);
  t.deepEqual(outcomes, []);
  mock.timers.tick(10);
  t.deepEqual(outcomes, [found]);
});
