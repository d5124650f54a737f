import test from 'ava';
import type { ReplicaReport } from '../../src/ports/replication.ts';
import { latestParts } from '../../src/replication/source/latest-parts.ts';
import { put } from '../state/commands.ts';
import { WarmWorld, warmId } from './warm-world.ts';

test('on the open stream of a cold replica its reports are answered with how far the source is, every 2 s at most', async (t) => {
  const world = new WarmWorld();
  world.apply(put('a/1', 'before'));
  const members = world.feed.members().map((member) => ({ ...member, tier: 'cold' as const }));
  const source = world.source({ feed: { ...world.feed, members: () => members }, latest: latestParts });
  const gone = new AbortController();
  const marks: number[] = [];
  const following = (async () => {
    for await (const part of source.follow({ replica: warmId, mode: 'latest', held: null }, gone.signal))
      if (part.kind === 'mark') marks.push(part.revisions.user);
  })();
  await world.run(100);
  t.is(marks.length, 1, 'of the snapshot');
  world.apply(put('a/2', 'after'));
  await world.run(3000);
  t.is(marks.length, 1, 'nobody reports');
  const report = { id: warmId } as ReplicaReport;
  for (let i = 0; i < 3; i++) source.report(report);
  await world.run(100);
  t.deepEqual(marks.slice(1), [world.state.revision('user')]);
  source.report(report);
  await world.run(100);
  t.is(marks.length, 2);
  gone.abort();
  await world.until(following);
});
