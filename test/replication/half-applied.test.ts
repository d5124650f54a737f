import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { clusterTimeMs, logIndex, noSession, term } from '../../src/foundation/ids.ts';
import type { Command } from '../../src/ports/command.ts';
import type { StreamPart } from '../../src/ports/replication.ts';
import { latestParts } from '../../src/replication/source/latest-parts.ts';
import { finish } from '../../src/state/slices.ts';
import { grant, put } from '../state/commands.ts';
import { policy, WarmWorld, warmId } from './warm-world.ts';

/** Begins an entry of so many commands, and takes a slice of it; what it returns does the rest, as a node does. */
function begun(world: WarmWorld, commands: readonly Command[]): () => void {
  const { state, log, listeners } = world;
  log.timeMs += 1;
  const batches = [{ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands }];
  const point = { index: logIndex(state.applied.index + 1), term: term(1) };
  const slices = state.begin(point, { timeMs: clusterTimeMs(log.timeMs), batches });
  slices.next();
  return () => {
    finish(slices);
    listeners.applied(state.takeDeltas(), state.takeLeaseChanges());
    world.image.append(state.takeImageBatch());
  };
}

/** As a node hands turns out: to nobody while an entry is half applied. */
const wholeTurn = (world: WarmWorld) => async (): Promise<void> => {
  do await new Promise<void>((resolve) => world.clock.soon(resolve));
  while (!world.state.whole);
};

const newestOf = (parts: readonly StreamPart[]): number =>
  Math.max(
    0,
    ...parts.flatMap((part) => {
      if (part.kind === 'values') return part.values.map(({ modRevision }) => modRevision);
      return part.kind === 'deltas' ? part.deltas.map(({ revision }) => revision) : [];
    }),
  );

test('a follower hears nothing of an entry that is half applied, whenever it asks', async (t) => {
  for (let taken = 0; taken < 6; taken++)
    for (const range of ['a/', 'b/']) {
      const world = new WarmWorld();
      world.apply(policy('a/', 'critical'), grant(5n, 60_000));
      for (let i = 0; i < 50; i++) world.apply(put(`a/${i}`, 'before'), put(`b/${i}`, 'before'));
      const feed = { ...world.feed, nextTurn: wholeTurn(world) };
      const gone = new AbortController();
      const request = { replica: warmId, mode: 'deltas', held: null } as const;
      const stream = world.source({ feed }).follow(request, gone.signal);
      const parts: StreamPart[] = [];
      for (let i = 0; i < taken; i++) parts.push((await world.until(stream.next())).value as StreamPart);
      world.apply(policy('b/', 'critical'));
      const rest = begun(
        world,
        Array.from({ length: 2000 }, (_, i) => put(`${range}${i}`, 'of the entry')),
      );
      const following = (async () => {
        for await (const part of stream) parts.push(part);
      })();
      await world.run(500);
      t.true(newestOf(parts) <= world.state.revision('user'), `${taken} ${range}`);
      rest();
      await world.run(500);
      gone.abort();
      await world.until(following);
      const last = parts.findLast(({ kind }) => kind === 'mark');
      t.is<number, number>(last?.kind === 'mark' ? last.revisions.user : 0, world.state.revision('user'));
    }
});

test('a node that stops with an entry half applied lets nobody wait for its end', async (t) => {
  for (const mode of ['deltas', 'latest'] as const) {
    const world = new WarmWorld();
    world.apply(put('a/1', 'before'));
    begun(
      world,
      Array.from({ length: 2000 }, (_, i) => put(`a/${i}`, 'of the entry')),
    );
    const members = world.feed
      .members()
      .map((member) => (mode === 'latest' ? { ...member, tier: 'cold' as const } : member));
    const stream = world
      .source({ feed: { ...world.feed, members: () => members }, latest: latestParts })
      .follow({ replica: warmId, mode, held: null }, new AbortController().signal);
    const all = (async () => {
      for await (const _ of stream);
    })();
    const refused = t.throwsAsync(all, { code: 'stopping' }, mode);
    world.clock.after(100, () => {
      world.refusal = new TanistError('stopping', 'the node stops');
      world.listeners.ended();
    });
    await world.until(refused);
  }
});

test('a snapshot and its digests are of a whole state', async (t) => {
  const world = new WarmWorld();
  for (let i = 0; i < 50; i++) world.apply(put(`a/${i}`, 'before'));
  const { digest } = world.state.keysDigest('user');
  const stream = latestParts({ ...world.feed, nextTurn: wholeTurn(world) }, null);
  t.like(await world.until(stream.next()), { value: { kind: 'ranges' } });
  const rest = begun(
    world,
    Array.from({ length: 2000 }, (_, i) => put(`a/${i}`, 'of the entry')),
  );
  t.not(world.state.keysDigest('user').digest, digest);
  const parts: StreamPart[] = [];
  const told = (async () => {
    for await (const part of stream) parts.push(part);
  })();
  await world.run(100);
  rest();
  await world.until(told);
  const mark = parts.at(-1);
  if (mark?.kind !== 'mark') return t.fail();
  const right =
    mark.revisions.user === world.state.revision('user') ? world.state.keysDigest('user').digest : digest;
  t.is(mark.digests.find(({ range }) => range.space === 'user')?.digest, right);
});
