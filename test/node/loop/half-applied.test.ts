import test from 'ava';
import type { TanistError } from '../../../src/foundation/errors.ts';
import { logIndex, term } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import type { Note } from '../../../src/node/integrity/checkpoints.ts';
import { verdictRows } from '../../../src/node/integrity/verdict.ts';
import { decodeReport } from '../../../src/node/peers/self-report.ts';
import { spaces } from '../../../src/ports/delta.ts';
import { encodeBlock } from '../../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { put, range } from '../../state/commands.ts';
import { Bench, blockAt, entryAt } from '../bench.ts';

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

for (const how of ['stops', 'doubts its state'] as const)
  test.serial(
    `nobody waits for the end of an entry, or is answered from the middle of it, in a node that ${how}`,
    async (t) => {
      const bench = await halfWay();
      const { node } = bench;
      const answers: unknown[] = [];
      node.read(range('m', 'n'), 'serializable', (outcome) => answers.push(outcome));
      const waits = [node.feed.nextTurn(), node.wholeState(), node.maintenance.hash()].map((each) =>
        each.then(
          () => 'resolved',
          (error: TanistError) => error.code,
        ),
      );
      await bench.run(2);
      t.true(node.inspect().applying);
      if (how === 'stops') await bench.until(node.stop());
      else {
        bench.heartbeat('a', 1, 12);
        await bench.run(1);
        const reply = bench.sent.findLast((message) => message.type === 'heartbeatReply');
        const { generation } = decodeReport(reply!.context!)!.integrity!;
        const row = verdictRows([{ id: bench.self, generation, index: logIndex(0), digest: '' }]);
        const context = Buffer.from(JSON.stringify(row));
        bench.hear('a', 1, { type: 'heartbeat', commit: logIndex(12), round: 0, succession: [], context });
      }
      const code = how === 'stops' ? 'stopping' : 'under-doubt';
      t.deepEqual(await bench.until(Promise.all(waits)), ['resolved', code, code]);
      await bench.run(10);
      t.false(node.state.whole);
      t.is(answers.length, 1);
      t.true(['stopping', 'no-leader', 'under-doubt'].includes((answers[0] as TanistError).code));
    },
  );
