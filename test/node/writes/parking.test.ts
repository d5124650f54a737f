import test from 'ava';
import {
  clusterTimeMs,
  leaseId,
  logIndex,
  noSession,
  type SessionId,
  term,
} from '../../../src/foundation/ids.ts';
import type { ProposalOutcome } from '../../../src/node/writes/proposals.ts';
import type { Command } from '../../../src/ports/command.ts';
import type { LogEntry } from '../../../src/ports/log-store.ts';
import { decodeBlock, encodeBlock } from '../../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { b, put } from '../../state/commands.ts';
import { Bench } from '../bench.ts';

const key = b('a/key');
/** Opened by the first command of the first entry. */
const session = 65_536 as SessionId;

/** A block of commands outside any session. */
function entry(index: number, ...commands: readonly Command[]): LogEntry {
  const bytes = encodeCommandBatch({ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands });
  return {
    term: term(1),
    index: logIndex(index),
    kind: 'commands',
    payload: encodeBlock(clusterTimeMs(1e12 + index), [bytes]),
  };
}

/** A follower of a, whose log has an entry that is not known to be committed. */
async function following(): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  const policy = (acknowledge: 'leader' | 'quorum'): Command => ({
    kind: 'setPolicy',
    prefix: b('a/'),
    policy: { acknowledge, tier: 'full', predict: null },
  });
  const open: Command = { kind: 'openSession', nonce: 'n', ttlMs: 600_000 };
  bench.append('a', 1, [entry(1, open, policy('leader'))], 1);
  await bench.run(20);
  bench.append('a', 1, [entry(2, policy('quorum'))], 1);
  await bench.run(20);
  bench.sent.length = 0;
  return bench;
}

/** Until nobody leads any more as far as the node knows. */
async function leaderless(bench: Bench): Promise<void> {
  await bench.run(5000, () => bench.node.inspect().raft.leader === null);
}

interface Asked {
  readonly outcomes: ProposalOutcome[];
  early: number;
}

function submit(bench: Bench): Asked {
  const asked: Asked = { outcomes: [], early: 0 };
  const batch = {
    session,
    firstNumber: 1,
    acknowledgedThrough: 0,
    commands: [put('a/key', '1')],
  };
  bench.node.submit({
    bytes: encodeCommandBatch(batch),
    batch,
    settle: (outcome) => void asked.outcomes.push(outcome),
    early: () => {
      asked.early += 1;
    },
  });
  return asked;
}

test('a new leader acknowledges nothing early by a policy that its own log has ended', async (t) => {
  const bench = await following();
  t.is(bench.node.state.policyFor(key).acknowledge, 'leader');
  t.true(bench.node.state.hasSession(session));
  await leaderless(bench);
  const asked = submit(bench);
  t.deepEqual(asked.outcomes, [], 'it waits for the next leader');
  await bench.lead();
  await bench.run(100, () => {
    bench.answer();
    return asked.outcomes.length > 0;
  });
  t.is(bench.node.state.policyFor(key).acknowledge, 'quorum');
  t.is(asked.outcomes[0]?.kind, 'applied');
  t.is(asked.early, 0);
});

test('what waited for a leader leaves in one append with its no-op', async (t) => {
  const bench = await following();
  await leaderless(bench);
  const asked = submit(bench);
  const appends: string[][] = [];
  await bench.run(20_000, () => {
    for (const message of bench.sent)
      if (message.type === 'append') appends.push(message.entries.map(({ kind }) => kind));
    bench.answer();
    return appends.length > 0;
  });
  t.deepEqual(appends.slice(0, 2), [
    ['noop', 'commands'],
    ['noop', 'commands'],
  ]);
  await bench.run(100, () => {
    bench.answer();
    return asked.outcomes.length > 0;
  });
  t.is(asked.outcomes[0]?.kind, 'applied');
});

test('what was parked meets a full disk as every other write does', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c'], { diskReserveBytes: 100 });
  await bench.start();
  bench.vitals = { memoryUsedBytes: null, memoryLimitBytes: null, diskFreeBytes: 50, diskBytes: 1000 };
  await bench.run(600);
  const asked = submit(bench);
  await bench.lead();
  t.like(asked.outcomes[0], { kind: 'refused', code: 'disk-full', indeterminate: false });
  t.is(asked.outcomes.length, 1);
});

test('renewals that a turn brings to a node without a leader wait for the next one as one command', async (t) => {
  const bench = await following();
  await leaderless(bench);
  let answered = 0;
  for (let n = 1; n <= 100; n++)
    bench.node.keepAlive(leaseId(BigInt(n)), (outcome) => {
      if (outcome === 0) answered += 1;
    });
  await bench.run(20_000, () => {
    for (const message of bench.sent) {
      if (message.type !== 'append') continue;
      for (const { index, kind, payload } of message.entries)
        if (kind === 'commands' && index > 2) t.is(decodeBlock(payload).batches.length, 1);
    }
    bench.answer();
    return answered > 0;
  });
  await bench.run(100);
  t.is(answered, 100);
});

test('a write that waited in vain is refused with what is true', async (t) => {
  const bench = await following();
  await leaderless(bench);
  const asked = submit(bench);
  await bench.run(2000, () => asked.outcomes.length > 0);
  t.like(asked.outcomes[0], { kind: 'refused', code: 'no-leader', indeterminate: false });
  t.regex((asked.outcomes[0] as { message: string }).message, /no leader was elected while the write waited/);
  const other = submit(bench);
  bench.heartbeat('c', 50);
  await bench.run(50, () => other.outcomes.length > 0);
  t.like(other.outcomes[0], { kind: 'refused', code: 'not-leader', indeterminate: false });
  t.regex(
    (other.outcomes[0] as { message: string }).message,
    /^c was elected while the write waited.*ask c$/,
  );
});
