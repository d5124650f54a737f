import test from 'ava';
import type { TanistError } from '../../src/foundation/errors.ts';
import { logIndex, noSession, term } from '../../src/foundation/ids.ts';
import { ImageKeeper, type ImageKeeperOptions } from '../../src/node/image/image-keeper.ts';
import type { ProposalOutcome } from '../../src/node/writes/proposals.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { put, range } from '../state/commands.ts';
import { Bench } from './bench.ts';

function submit(bench: Bench): ProposalOutcome[] {
  const outcomes: ProposalOutcome[] = [];
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [put('a', '1')] };
  const settle = (outcome: ProposalOutcome): void => void outcomes.push(outcome);
  bench.node.submit({ bytes: encodeCommandBatch(batch), batch, settle, early: null });
  return outcomes;
}

function read(bench: Bench): (string | undefined)[] {
  const codes: (string | undefined)[] = [];
  bench.node.read(range('a'), 'linearizable', (outcome) => {
    codes.push(outcome instanceof Error ? (outcome as TanistError).code : outcome.kind);
  });
  return codes;
}

test('every call is answered, whatever the stop finds it doing', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  await bench.lead();
  const asked = read(bench);
  await bench.run(5);
  const arrived = read(bench);
  const written = submit(bench);
  const stopped = bench.node.stop();
  await bench.until(stopped);
  const tooLate = [submit(bench), read(bench)];
  t.deepEqual([asked, arrived], [['stopping'], ['stopping']]);
  t.is(written.length, 1);
  t.like(tooLate[0]?.[0], { code: 'stopping', indeterminate: false });
  t.deepEqual(tooLate[1], ['stopping']);
});

test('a follower that stops answers the read that was confirmed and waits for the state', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  bench.heartbeat('a', 1);
  await bench.run(5);
  const waiting = read(bench);
  await bench.run(5);
  const request = bench.sent.findLast((message) => message.type === 'readIndexRequest');
  if (request?.type !== 'readIndexRequest') return t.fail();
  bench.hear('a', 1, { type: 'readIndexReply', id: request.id, index: logIndex(9) });
  await bench.run(5);
  t.deepEqual(waiting, []);
  await bench.until(bench.node.stop());
  t.deepEqual(waiting, ['stopping']);
});

test('a leader whose disk is full gives the office up and does not campaign until there is room', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  await bench.lead();
  const leads = bench.node.inspect().raft.term;
  bench.disk.weather.full = true;
  const outcomes = submit(bench);
  const reads = read(bench);
  await bench.run(100);
  t.is(bench.node.inspect().raft.role, 'follower');
  t.like(outcomes[0], { kind: 'refused', indeterminate: true });
  t.deepEqual(reads, [], 'it waits for the next leader');
  t.true(bench.sent.some(({ type }) => type === 'timeoutNow'));
  // The disk guard looks every 500 ms; the disk is as full as before, and longer than an election timeout.
  await bench.run(3000);
  t.is(bench.node.inspect().raft.term, leads);
  t.deepEqual(reads, ['no-leader'], 'none came in time');
  bench.disk.weather.full = false;
  await bench.run(1000);
  bench.sent.length = 0;
  await bench.lead();
  t.true(bench.node.inspect().open);
  t.is(bench.failure, null);
});

test('the only voter goes on serving reads with a full disk', async (t) => {
  const bench = new Bench(1, ['b']);
  await bench.start();
  await bench.lead();
  bench.disk.weather.full = true;
  submit(bench);
  await bench.run(3000);
  const reads = read(bench);
  await bench.run(10);
  t.deepEqual(reads, ['range']);
  t.is(bench.node.inspect().raft.role, 'leader');
});

test('a log that has grown too large but has no point to be cut at is flushed all the same', async (t) => {
  const bench = new Bench();
  const flushes: boolean[] = [];
  const options = {
    image: {
      append: () => {},
      pendingBytes: () => 1,
      flush: async ({ sync }: { sync: boolean }) => void flushes.push(sync),
    },
    log: { sizeBytes: () => 10_000, compact: () => t.fail() },
    clock: {
      after: (delayMs: number, act: () => void) => ({
        ...bench.scheduler.after(delayMs, act),
        cancel: () => {},
      }),
    },
    nodeLog: silentLog,
    takeBatch: () => ({}),
    whole: () => true,
    failed: (error: Error) => t.fail(String(error)),
    flushEveryMs: 50,
    flushBytes: 1000,
    logDiskBytes: 1000,
  };
  const keeper = new ImageKeeper(options as unknown as ImageKeeperOptions);
  keeper.applied({ index: logIndex(1), term: term(1) }, 100);
  await bench.run(100);
  t.deepEqual(flushes, [false]);
});
