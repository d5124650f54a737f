import test from 'ava';
import fc from 'fast-check';
import { emptyBytes } from '../../src/foundation/bytes.ts';
import { revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Command } from '../../src/ports/command.ts';
import type { CommandResult, OperationResult } from '../../src/ports/result.ts';
import { completeRange, createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { someCommands } from './arbitraries.ts';
import { b, compact, Log, range } from './commands.ts';
import { MemoryImage } from './memory-history.ts';
import { NaiveSpace } from './naive-model.ts';

/** Reads and deletes of a transaction's answer, flattened like the model's. */
function answersOf(result: CommandResult | OperationResult): unknown[] {
  switch (result.kind) {
    case 'txn':
      return [result.succeeded, ...result.responses.flatMap(answersOf)];
    case 'range':
      return [result.values];
    case 'deleteRange':
      return [result.deleted];
    default:
      return [];
  }
}

function step(log: Log, model: NaiveSpace, command: Command): { real: unknown[]; expected: unknown[] } {
  if (command.kind === 'compact') {
    const to = Math.max(0, model.revision - command.revision);
    const passes = to > model.compacted || to + model.compacted === 0;
    const result = log.one(compact(to));
    if (passes) model.compacted = to;
    return { real: [result.kind], expected: [passes ? 'compact' : 'failed'] };
  }
  const result = log.one(command);
  const real = answersOf(result);
  if (command.kind === 'txn') return { real, expected: model.txn(command) };
  const expected: unknown[] = [];
  if (command.kind === 'put') model.put(command);
  if (command.kind === 'deleteRange') expected.push(model.delete(command));
  model.commit();
  return { real, expected };
}

async function readAll(state: StateMachine, image: MemoryImage, at: number) {
  const answer = state.range(range('a', '\0', { revision: revision(at) }));
  return answer.kind === 'needsHistory' ? completeRange(answer, state.history(image.history)) : answer;
}

test('equals a model that keeps a full copy of every revision', async (t) => {
  await fc.assert(
    fc.asyncProperty(someCommands, fc.boolean(), async (commands, reclaims) => {
      const log = new Log(createStateMachine({ limits }));
      const model = new NaiveSpace();
      const image = new MemoryImage();
      for (const [i, command] of commands.entries()) {
        const { real, expected } = step(log, model, command);
        t.deepEqual(real, expected);
        t.is(log.state.revision('user'), revision(model.revision));
        if (i % 3 === 0) image.append(log.state.takeImageBatch());
        if (reclaims && i % 5 === 0) image.reclaim((space, key, at) => log.state.isLive(space, key, at));
      }
      // Enough blocks for the sweep after a compaction to get round.
      if (reclaims) for (let i = 0; i < 64; i++) log.apply();
      for (let at = 1; at <= model.revision; at++) {
        const answer = await readAll(log.state, image, at);
        if (at < model.compacted) t.like(answer, { code: 'revision-compacted' });
        else t.like(answer, { kind: 'range', values: model.at(at, b('a'), b('\0')) });
      }
      t.true(await log.state.verifyDigest('user', async () => {}));
    }),
    { numRuns: 300 },
  );
});

test('deltas, with what was before, lead from each revision to the next', (t) => {
  fc.assert(
    fc.property(someCommands, (commands) => {
      const log = new Log(createStateMachine({ limits }));
      const keys = new Map<string, unknown>();
      for (const command of commands) {
        log.one(command.kind === 'compact' ? compact(0) : command);
        for (const {
          previous,
          op,
          key,
          value,
          createRevision,
          revision,
          version,
          lease,
        } of log.state.takeDeltas()) {
          t.deepEqual(previous ?? null, keys.get(key) ?? null);
          if (op === 'delete') {
            t.is(value, emptyBytes);
            t.true(keys.delete(key));
          } else keys.set(key, { key, value, createRevision, modRevision: revision, version, lease });
        }
        const answer = log.state.range(range('a', '\0'));
        t.like(answer, { count: keys.size });
      }
    }),
    { numRuns: 100 },
  );
});
