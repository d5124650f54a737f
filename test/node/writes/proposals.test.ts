import test from 'ava';
import { clusterTimeMs, leaseId, logIndex, noLease, sessionId, term } from '../../../src/foundation/ids.ts';
import { mayAcknowledgeEarly } from '../../../src/node/writes/early-acknowledgement.ts';
import { type Proposal, type ProposalOutcome, ProposalQueue } from '../../../src/node/writes/proposals.ts';
import type { Command, CommandBatch } from '../../../src/ports/command.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { StateMachine } from '../../../src/state/state-machine.ts';
import { put } from '../../state/commands.ts';

function batchOf(...commands: readonly Command[]): CommandBatch {
  return { session: sessionId(1), firstNumber: 1, acknowledgedThrough: 0, commands };
}

test('gathered and proposed bytes together have a bound, which is free again after apply', (t) => {
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
    uncommittedBytes: 1000,
  });
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
