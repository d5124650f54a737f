import { mock } from 'node:test';
import test from 'ava';
import type { Deadlines, Timed } from '../../../src/api/etcd/deadlines.ts';
import { EtcdError } from '../../../src/api/etcd/etcd-error.ts';
import { type ReadDone, Reads, tryAgainMs } from '../../../src/api/etcd/reads.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import type { ReadOutcome, TanistNode } from '../../../src/node/node.ts';
import type { RangeResult } from '../../../src/ports/result.ts';
import { range } from '../../state/commands.ts';

const found: RangeResult = { kind: 'range', revision: revision(9), values: [], count: 0, more: false };
const future = new TanistError('revision-future', 'revision 9 is not there yet');

/** A node that answers with these, the last one again and again. */
function readAt(leads: boolean, ...outcomes: readonly ReadOutcome[]) {
  let asked = 0;
  const node = {
    id: nodeId('b'),
    routing: () => ({ leader: nodeId(leads ? 'b' : 'a') }),
    read: (_: unknown, __: unknown, done: (outcome: ReadOutcome) => void) =>
      done(outcomes[Math.min(asked++, outcomes.length - 1)] as ReadOutcome),
  } as unknown as TanistNode;
  const answer = new Promise<Parameters<ReadDone>[0]>((done) =>
    new Reads(node, {} as Deadlines).read(range('k', '', { revision: revision(9) }), true, done),
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
  new Reads(node, deadlines).read(range('k'), false, (outcome) => outcomes.push(outcome), caller);
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
