import test from 'ava';
import { logIndex, term } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { Note } from '../../src/node/integrity/checkpoints.ts';
import { decodeReport } from '../../src/node/self-report.ts';
import { spaces } from '../../src/ports/delta.ts';
import { encodeBlock } from '../../src/protocol/block.ts';
import { encodeCommandBatch } from '../../src/protocol/write-command.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { put } from '../state/commands.ts';
import { Bench, blockAt, entryAt } from './bench.ts';

const many = Array.from({ length: 6000 }, (_, i) => put(`m${i}`, 'v'));

/** A follower that has applied eleven entries, and is in the middle of the twelfth. */
async function halfWay(): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c'], { electionMs: 60_000, keysPerSlice: 1, slicesPerTurn: 1 });
  await bench.start();
  bench.append(
    'a',
    1,
    Array.from({ length: 10 }, (_, i) => entryAt(i + 1)),
    10,
  );
  await bench.run(5, () => bench.node.inspect().applied === 10);
  await bench.run(1000);
  const { timeMs, batches } = blockAt(12, many);
  const large = { ...entryAt(12), payload: encodeBlock(timeMs, batches.map(encodeCommandBatch)) };
  bench.append('a', 1, [entryAt(11), large], 12);
  await bench.run(1000, () => bench.node.inspect().applied === 11 && bench.node.inspect().applying);
  return bench;
}

/** What a follower says of its digests, and what they were right after each entry. */
async function noted(): Promise<{
  readonly notes: readonly Note[];
  readonly digests: ReadonlyMap<number, string>;
}> {
  const state = createStateMachine({ limits: defaultRequestLimits });
  const digests = new Map<number, string>();
  for (let index = 1; index <= 12; index++) {
    state.apply({ index: logIndex(index), term: term(1) }, index === 12 ? blockAt(12, many) : blockAt(index));
    digests.set(index, spaces.map((space) => state.digest(space)).join(' '));
  }
  const bench = await halfWay();
  await bench.run(1000, () => !bench.node.inspect().applying);
  await bench.run(1000);
  bench.heartbeat('a', 1, 12);
  await bench.run(20);
  const notes = bench.sent.flatMap((message) =>
    message.type === 'heartbeatReply' ? (decodeReport(message.context!)?.integrity?.notes ?? []) : [],
  );
  return { notes, digests };
}

test.serial('digests are noted of whole states only', async (t) => {
  const { notes, digests } = await noted();
  t.is<number, number>(notes.at(-1)?.index ?? 0, 12);
  for (const { index, digest } of notes) t.is(digest, digests.get(index) ?? '', `${index}`);
});

test.serial('digests of half-applied entries are told from right ones', async (t) => {
  activateMutant('digest-half-applied');
  try {
    const { notes, digests } = await noted();
    t.true(notes.some(({ index, digest }) => digest !== digests.get(index)));
  } finally {
    activateMutant(null);
  }
});
