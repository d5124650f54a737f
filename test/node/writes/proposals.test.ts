import test from 'ava';
import { clusterTimeMs, leaseId, logIndex, noLease, sessionId, term } from '../../../src/foundation/ids.ts';
import { mayAcknowledgeEarly } from '../../../src/node/writes/early-acknowledgement.ts';
import {
  type Proposal,
  type ProposalOutcome,
  ProposalQueue,
  type ProposalQueueOptions,
} from '../../../src/node/writes/proposals.ts';
import type { Command, CommandBatch } from '../../../src/ports/command.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { StateMachine } from '../../../src/state/state-machine.ts';
import { put } from '../../state/commands.ts';

function batchOf(...commands: readonly Command[]): CommandBatch {
  return { session: sessionId(1), firstNumber: 1, acknowledgedThrough: 0, commands };
}

/** With a log of its own; what it takes is in `payloads`. */
function startQueue(options: Partial<ProposalQueueOptions>): {
  readonly queue: ProposalQueue;
  readonly payloads: readonly Uint8Array[];
} {
  const payloads: Uint8Array[] = [];
  const raft = {
    propose: (_: string, payload: Uint8Array) => {
      payloads.push(payload);
      return { accepted: true, index: logIndex(payloads.length), term: term(1) };
    },
  } as unknown as Raft;
  const queue = new ProposalQueue({
    raft,
    stamp: () => clusterTimeMs(1),
    mayStamp: () => true,
    mayAcknowledgeEarly: () => false,
    blocksInFlight: 1,
    nowMs: () => 0,
    uncommittedBytes: 1000,
    ...options,
  });
  return { queue, payloads };
}

test('gathered and proposed bytes together have a bound, which is free again after apply', (t) => {
  const { queue, payloads } = startQueue({});
  const outcomes: ProposalOutcome[] = [];
  const add = (size: number): void => {
    const settle = (outcome: ProposalOutcome): void => void outcomes.push(outcome);
    const proposal: Proposal = {
      bytes: Buffer.alloc(size),
      batch: batchOf(put('a', '')),
      settle,
      early: null,
    };
    queue.add(proposal);
  };
  add(5000);
  queue.flush();
  t.deepEqual(outcomes, [], 'alone, any size passes');
  add(100);
  t.like(outcomes.pop(), { kind: 'refused', code: 'overloaded', indeterminate: false });

  const entry = { term: term(1), index: logIndex(1), kind: 'commands', payload: payloads[0]! } as const;
  queue.applied(entry, [[]]);
  t.like(outcomes.pop(), { kind: 'applied' });
  add(600);
  add(300);
  t.is(outcomes.length, 0);
  add(300);
  t.like(outcomes.pop(), { code: 'overloaded' });
  queue.abandon('not-leader', '');
  t.is(outcomes.splice(0).length, 2);
  add(600);
  t.is(outcomes.length, 0);
});

test('while the quorum is far away, a block leaves for those who asked not to wait for it', (t) => {
  let nowMs = 100;
  const looked: number[] = [];
  const { queue, payloads } = startQueue({
    nowMs: () => nowMs,
    mayAcknowledgeEarly: ({ firstNumber }) => looked.push(firstNumber) > 0 && firstNumber >= 10,
  });
  const told: number[] = [];
  const add = (firstNumber: number): void =>
    queue.add({
      bytes: Buffer.alloc(8),
      batch: { ...batchOf(put('a', '')), firstNumber },
      settle: () => undefined,
      early: () => told.push(firstNumber),
    });
  add(10);
  t.true(queue.flush());
  t.deepEqual(told, [10]);
  add(1);
  add(11);
  t.false(queue.flush(), 'the quorum may answer any moment');
  nowMs += 10;
  t.true(queue.flush());
  t.deepEqual([told, payloads.length], [[10, 11], 2]);

  add(2);
  nowMs += 50;
  looked.length = 0;
  t.false(queue.flush(), 'who waits for the quorum gathers');
  t.false(queue.flush());
  t.deepEqual(looked, [2], 'and is looked at once');
  add(12);
  t.true(queue.flush());
  t.false(queue.flush());
  t.deepEqual([told, payloads.length], [[10, 11, 12], 3]);
});

test('blocks for those who do not wait have a bound, too', (t) => {
  let nowMs = 0;
  const { queue, payloads } = startQueue({
    nowMs: () => nowMs,
    mayAcknowledgeEarly: () => true,
    uncommittedBytes: 1_000_000,
  });
  for (let i = 0; i < 20; i++) {
    queue.add({
      bytes: Buffer.alloc(8),
      batch: batchOf(put('a', '')),
      settle: () => undefined,
      early: () => undefined,
    });
    queue.flush();
    nowMs += 100;
  }
  t.is(payloads.length, 8);
});

test('only unconditional puts of user keys without a lease are acknowledged early', (t) => {
  const known = {
    policyFor: () => ({ acknowledge: 'leader', tier: 'full', predict: null }),
    noSpace: false,
    hasSession: () => true,
  };
  const state = known as unknown as StateMachine;
  const early = (command: Command): boolean => mayAcknowledgeEarly(batchOf(put('a', ''), command), state);
  t.true(early(put('b', '1', { lease: noLease })));
  t.false(early(put('b', '1', { lease: leaseId(5n) })), 'it fails where the lease is gone');
  t.false(early(put('b', '1', { space: 'system' })));
  t.false(early(put('b', '1', { previous: true })));
  t.false(early(put('b', '', { ignoreValue: true })));
  const full = { ...known, noSpace: true } as unknown as StateMachine;
  const expired = { ...known, hasSession: () => false } as unknown as StateMachine;
  t.true(mayAcknowledgeEarly(batchOf(put('a', '')), state));
  t.false(mayAcknowledgeEarly(batchOf(put('a', '')), full), 'apply refuses it');
  t.false(mayAcknowledgeEarly(batchOf(put('a', '')), expired), 'apply refuses it');
});
