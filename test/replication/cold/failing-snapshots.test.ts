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
