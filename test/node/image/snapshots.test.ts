import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import { Snapshots, type SnapshotsOptions } from '../../../src/node/image/snapshots.ts';
import { silentLog } from '../../../src/ports/node-log.ts';

test('a leader that was deposed while its image was brought up to date sends no snapshot', async (t) => {
  for (const deposedIn of ['settle', 'snapshot', 'confirmed', 'nowhere']) {
    const status = { role: 'leader', term: 3 };
    const depose = (where: string): void => {
      if (where === deposedIn) Object.assign(status, { role: 'follower', term: 4 });
    };
    const sent: unknown[] = [];
    let open = 0;
    const told = new Promise<unknown>((resolve) => {
      const options = {
        self: nodeId('b'),
        raft: { status, snapshotSent: (_: unknown, point: unknown) => resolve(point) },
        image: {
          snapshot: async () => {
            open += 1;
            depose('snapshot');
            const configuration = { voters: [], outgoing: [], learners: [] };
            return {
              applied: { point: { index: 9, term: 2 }, configuration },
              chunks: [],
              close: async () => {
                open -= 1;
              },
            };
          },
        },
        transport: { sendSnapshot: async (_: unknown, { term }: { term: number }) => void sent.push(term) },
        nodeLog: silentLog,
        settle: async () => depose('settle'),
        confirmed: async () => depose('confirmed'),
        wake: () => {},
      };
      new Snapshots(options as unknown as SnapshotsOptions).send(nodeId('c'));
    });
    const point = await told;
    t.is(open, 0);
    t.deepEqual(sent, deposedIn === 'nowhere' ? [3] : []);
    t.is(point === null, deposedIn !== 'nowhere');
  }
});
