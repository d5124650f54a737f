import test from 'ava';
import { systemClock } from '../../../src/api/system-clock.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import type { ReplicaReport, StreamPart } from '../../../src/ports/replication.ts';
import { type ColdReplicaPorts, defaultColdOptions } from '../../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../../src/replication/cold/cold-replica.ts';
import { wholeSpaces } from '../../../src/replication/whole-space.ts';

test('each attempt at a snapshot begins its past anew, and only one that is there is told of; its source hears why the last one failed', async (t) => {
  const said: string[] = [];
  const troubles: (string | null)[] = [];
  let isFull = true;
  const parts = [
    { kind: 'ranges', lineage: {}, ranges: wholeSpaces },
    { kind: 'past', deltas: [] },
  ];
  const ports = {
    clock: systemClock,
    nodeLog: silentLog,
    store: {
      newest: null,
      trouble: null,
      held: () => null,
      seen: () => null,
      receive: async (_: unknown, received: AsyncIterable<StreamPart>) => {
        for await (const _part of received);
        if (isFull) throw new TanistError('storage-failed', 'the disk is full');
        return { number: 1, revisions: {}, members: [], from: null };
      },
    },
    directory: {
      offers: async () => [
        {
          source: {
            id: nodeId('a'),
            async *follow() {
              yield* parts;
            },
            report: ({ trouble }: ReplicaReport) => troubles.push(trouble),
          },
          roundTripMs: 1,
        },
      ],
    },
    feed: {
      begun: () => said.push('begun'),
      past: () => said.push('past'),
      taken: async () => {
        said.push('taken');
      },
    },
    vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
    membersChanged: () => {},
    tidied: () => {},
    broken: () => {},
  } as unknown as ColdReplicaPorts;
  const replica = new ColdReplica({ ...defaultColdOptions, id: nodeId('cold') }, ports);
  for (let i = 0; i < 2; i++) await t.throwsAsync(replica.take(), { code: 'storage-failed' } as never);
  isFull = false;
  await replica.take();
  t.deepEqual(said, ['begun', 'past', 'begun', 'past', 'begun', 'past', 'taken']);
  const failed = 'the last snapshot failed: the disk is full';
  t.deepEqual(troubles, [null, failed, failed, null]);
  await replica.stop();
});

test('a pause ends the snapshot under way with the part at hand, or with the wait for the next one, and blames nobody', async (t) => {
  const ranges = { kind: 'ranges', lineage: {}, ranges: wholeSpaces };
  for (const isSilent of [true, false]) {
    let taken = 0;
    let reached = (): void => {};
    const begun = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const warned: string[] = [];
    let asked = 0;
    const ports = {
      clock: systemClock,
      nodeLog: { ...silentLog, warn: (event: string) => warned.push(event) },
      store: {
        newest: null,
        trouble: null,
        held: () => null,
        seen: () => null,
        receive: async (_: unknown, received: AsyncIterable<StreamPart>) => {
          for await (const _part of received) {
            taken += 1;
            reached();
            await new Promise((resolve) => setImmediate(resolve));
          }
          return { number: 1, revisions: {}, members: [], from: null };
        },
      },
      directory: {
        offers: async () => [
          {
            source: {
              id: nodeId('a'),
              // It does not hear that nobody listens.
              async *follow() {
                asked += 1;
                yield ranges;
                if (isSilent) await new Promise(() => {});
                for (let i = 0; i < 1000; i++) yield { kind: 'past', deltas: [] };
              },
              report: () => {},
            },
            roundTripMs: 1,
          },
        ],
      },
      vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
      membersChanged: () => {},
      tidied: () => {},
      broken: () => {},
    } as unknown as ColdReplicaPorts;
    const replica = new ColdReplica({ ...defaultColdOptions, id: nodeId('cold') }, ports);
    const taking = replica.take();
    const over = t.throwsAsync(taking, { code: 'cancelled' } as never);
    await begun;
    await replica.pause();
    await over;
    t.true(taken < 10, `${taken} parts`);
    t.is(replica.trouble, null);
    t.deepEqual(warned, []);
    // One that is only just looking for its source ends before it asks it.
    replica.resume();
    const next = t.throwsAsync(replica.take(), { code: 'cancelled' } as never);
    await replica.pause();
    await next;
    t.is(asked, 1);
    await replica.stop();
  }
});
