import test from 'ava';
import { systemClock } from '../../../src/api/system-clock.ts';
import { clusterTimeMs, leaseId, revision } from '../../../src/foundation/ids.ts';
import type { StateDelta } from '../../../src/ports/delta.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { ColdFeed } from '../../../src/replication/cold/cold-feed.ts';
import { b } from '../../state/commands.ts';

const delta = (at: number, value: string): StateDelta => ({
  epoch: 0,
  revision: revision(at),
  sub: 0,
  timeMs: clusterTimeMs(at),
  space: 'user',
  op: 'put',
  key: b('k'),
  value: b(value),
  lease: leaseId(0n),
  createRevision: revision(1),
  version: at,
});

class Listening {
  readonly feed: ColdFeed;
  readonly applied: number[] = [];
  readonly told: string[] = [];

  constructor() {
    const store = { newest: null, database: null as never };
    this.feed = new ColdFeed({ clock: systemClock, nodeLog: silentLog, store });
    this.feed.listen({
      applied: (deltas) => this.applied.push(...deltas.map((each) => each.revision)),
      found: () => this.told.push('found'),
      replaced: () => this.told.push('replaced'),
    });
  }

  async recent(): Promise<readonly number[]> {
    const found: number[] = [];
    for await (const deltas of this.feed.recent('user')) found.push(...deltas.map((each) => each.revision));
    return found;
  }
}

test('what came with snapshots that failed counts for nothing, and nobody hears of a past before its snapshot is there', async (t) => {
  const at = new Listening();
  for (let attempt = 0; attempt < 3; attempt++) {
    at.feed.begun();
    at.feed.past([delta(2, 'x')]);
    at.feed.past([delta(3, 'y')]);
  }
  t.deepEqual(at.applied, []);
  t.deepEqual(await at.recent(), []);
  await at.feed.taken(false);
  t.deepEqual(at.applied, [2, 3]);
  t.deepEqual(at.told, ['found']);
  at.feed.begun();
  at.feed.past([delta(4, 'z')]);
  t.deepEqual(await at.recent(), [2, 3]);
  await at.feed.taken(true);
  t.deepEqual(at.applied, [2, 3, 4]);
  t.deepEqual(at.told, ['found', 'replaced', 'found']);
  t.deepEqual(await at.recent(), [4]);
});

test('of a past of more than 16 MiB the oldest goes', async (t) => {
  const at = new Listening();
  const large = 'v'.repeat(1024 * 1024);
  at.feed.begun();
  for (let i = 1; i <= 40; i++) at.feed.past([delta(i, large)]);
  await at.feed.taken(false);
  t.deepEqual(
    at.applied,
    Array.from({ length: 15 }, (_, i) => 26 + i),
  );
  t.deepEqual(await at.recent(), at.applied);
});
