import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { type LeaseId, leaseId } from '../../../src/foundation/ids.ts';
import { limits } from '../../../src/foundation/limits.ts';
import type { RenewalOutcome } from '../../../src/node/node.ts';
import { type Proposal, refused } from '../../../src/node/writes/proposals.ts';
import { RenewalBatcher } from '../../../src/node/writes/renewal-batcher.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { Bench } from '../bench.ts';

const id = (n: number): LeaseId => leaseId(BigInt(n));

/** A batcher, the commands that leave it, and a clock that the test moves. */
function started(remainingMs: (lease: LeaseId) => number | null = () => 60_000) {
  let nowMs = 0;
  let events: { atMs: number; act: () => void }[] = [];
  const at = (atMs: number, act: () => void) => {
    const event = { atMs, act };
    events.push(event);
    const cancel = (): void => {
      events = events.filter((each) => each !== event);
    };
    return { cancel };
  };
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => 0,
    after: (delayMs, act) => at(nowMs + delayMs, act),
    soon: (act) => void at(nowMs, act),
  };
  const sent: Proposal[] = [];
  const submit = (proposal: Proposal): void => void sent.push(proposal);
  const batcher = new RenewalBatcher({ clock, submit, remainingMs });
  const pass = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (;;) {
      const next = events.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      events.shift();
      nowMs = Math.max(nowMs, next.atMs);
      next.act();
    }
    nowMs = untilMs;
  };
  const idsOf = (n: number): readonly LeaseId[] => {
    const command = sent[n]?.batch.commands[0];
    return command?.kind === 'leaseKeepAlive' ? command.ids : [];
  };
  const commit = (n: number, ttlMs = 60_000): void =>
    sent[n]!.settle({
      kind: 'applied',
      results: [{ kind: 'leaseKeepAlive', ttlMs: idsOf(n).map(() => ttlMs) }],
    });
  const answers: RenewalOutcome[] = [];
  const renew = (n: number): void => batcher.renew(id(n), (outcome) => void answers.push(outcome));
  return { batcher, sent, pass, idsOf, commit, answers, renew };
}

test('renewals of many callers over many turns are one command, each is answered after its commit', (t) => {
  const { sent, pass, idsOf, commit, answers, renew } = started();
  for (let turn = 0; turn < 100; turn++) {
    for (let n = 0; n < 10; n++) renew(turn * 10 + n);
    renew(7);
    pass(1);
  }
  t.is(sent.length, 0);
  pass(100);
  t.is(sent.length, 1);
  t.deepEqual(
    idsOf(0),
    Array.from({ length: 1000 }, (_, n) => id(n)),
  );
  t.is(sent[0]?.batch.session, 0 as never);
  t.deepEqual(answers, []);
  commit(0);
  pass(1);
  t.is(answers.length, 1100);
  t.true(answers.every((answer) => answer === 60_000));
});

test('one command is under way at a time; the next follows it, bounded in size', (t) => {
  const { sent, pass, idsOf, commit, renew } = started();
  const all = limits.idsPerCommand + 10;
  for (let n = 0; n < all; n++) renew(n);
  pass(1000);
  renew(all);
  pass(1000);
  t.is(sent.length, 1);
  t.is(idsOf(0).length, limits.idsPerCommand);
  commit(0);
  pass(1);
  t.is(sent.length, 2);
  t.is(idsOf(1).length, 11);
});

test('no lease ends because its renewal gathers: the less is left, the shorter, and the urgent wait for nothing', (t) => {
  const left = new Map([
    [id(1), 60_000],
    [id(2), 400],
    [id(3), 100],
  ]);
  const { sent, pass, idsOf, renew } = started((lease) => left.get(lease) ?? null);
  renew(1);
  renew(2);
  pass(49);
  t.is(sent.length, 0);
  pass(1);
  t.deepEqual(idsOf(0), [id(1), id(2)]);
  renew(3);
  pass(0);
  t.deepEqual(idsOf(1), [id(3)], 'although a command is under way');
});

test('behind a command that takes long a renewal waits for half of what its lease has left, no longer', (t) => {
  const left = new Map([[id(2), 600]]);
  const { sent, pass, idsOf, renew } = started((lease) => left.get(lease) ?? 60_000);
  renew(1);
  pass(150);
  t.deepEqual(idsOf(0), [id(1)]);
  renew(3);
  renew(2);
  pass(299);
  t.is(sent.length, 1);
  pass(1);
  t.deepEqual(idsOf(1), [id(3), id(2)]);
  renew(4);
  pass(1000);
  t.is(sent.length, 2, 'this one has time');
  sent[0]!.settle(refused('overloaded', 'for now'));
  pass(0);
  t.deepEqual(idsOf(2), [id(4)]);
});

test('a refusal reaches every caller and is never called indeterminate', (t) => {
  const { sent, pass, answers, renew, batcher } = started();
  renew(1);
  renew(1);
  renew(2);
  batcher.flush();
  sent[0]!.settle({ ...refused('not-leader', 'gone'), indeterminate: true } as never);
  pass(0);
  t.is(answers.length, 3);
  for (const answer of answers) t.like(answer, { code: 'not-leader', indeterminate: false, retryable: true });
});

test('waiting callers have a bound, which is free again after the answer', (t) => {
  const { pass, answers, renew, commit } = started();
  for (let n = 0; n < limits.renewalsWaiting; n++) renew(n % 1000);
  renew(1);
  t.like(answers.pop(), { code: 'overloaded', retryable: true });
  pass(200);
  commit(0);
  pass(0);
  t.is(answers.length, limits.renewalsWaiting);
  renew(1);
  t.is(answers.length, limits.renewalsWaiting);
});

test('a node that does not lead refuses, and on the leader all that gathered is one entry', async (t) => {
  const follower = new Bench(1, ['a', 'b', 'c']);
  await follower.start();
  const refusals: RenewalOutcome[] = [];
  follower.node.keepAlive(id(5), (outcome) => void refusals.push(outcome));
  await follower.run(2000, () => refusals.length > 0);
  t.like(refusals[0], { code: 'no-leader' });

  const bench = new Bench(1, ['b']);
  await bench.start();
  await bench.run(3000, () => bench.node.inspect().open && bench.node.state.members.list().length > 0);
  const outcomes: RenewalOutcome[] = [];
  const index = bench.node.state.applied.index;
  for (let i = 0; i < 50; i++) {
    bench.node.keepAlive(id(5), (outcome) => void outcomes.push(outcome));
    await bench.run(1);
  }
  await bench.run(300, () => outcomes.length > 0);
  t.is(bench.node.state.applied.index - index, 1);
  t.deepEqual(
    outcomes,
    Array.from({ length: 50 }, () => 0),
    'no such lease',
  );
  t.false(outcomes[0] instanceof TanistError);
  bench.node.keepAlive(id(5), (outcome) => void outcomes.push(outcome));
  await bench.until(bench.node.stop());
  await bench.run(10);
  t.is(outcomes.length, 51);
});
