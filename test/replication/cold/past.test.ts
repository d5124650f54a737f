import test from 'ava';
import { revision } from '../../../src/foundation/ids.ts';
import { bySpace } from '../../../src/ports/delta.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import type { Held, StreamPart } from '../../../src/ports/replication.ts';
import { latestParts } from '../../../src/replication/source/latest-parts.ts';
import { wholeSpaces } from '../../../src/replication/whole-space.ts';
import { b, del, put } from '../../state/commands.ts';
import { WarmWorld } from '../warm-world.ts';

async function partsOf(world: WarmWorld, held: Held | null): Promise<readonly StreamPart[]> {
  const parts: StreamPart[] = [];
  const gather = async (): Promise<void> => {
    for await (const part of latestParts(world.feed, held)) parts.push(part);
  };
  await world.until(gather());
  return parts;
}

const past = (parts: readonly StreamPart[]): readonly string[] =>
  parts.flatMap((part) =>
    part.kind === 'past' ? part.deltas.map(({ op, key, value }) => `${op} ${key} ${value}`) : [],
  );

test('with a snapshot comes how predicted keys changed since the last one, and only of these', async (t) => {
  const world = new WarmWorld();
  world.apply(put('p/x', '1'), put('q/x', '1'));
  t.deepEqual(past(await partsOf(world, null)), [], 'nobody predicts');
  world.apply({
    kind: 'setPolicy',
    prefix: b('p/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy },
  });
  world.apply(put('p/x', '2'), put('q/x', '2'));
  const all = await partsOf(world, null);
  t.deepEqual(past(all), ['put p/x 1', 'put p/x 2']);
  t.is(all.at(-1)?.kind, 'mark');
  t.is(
    all.findIndex(({ kind }) => kind === 'past') > all.findLastIndex(({ kind }) => kind === 'values'),
    true,
  );
  const held: Held = {
    lineage: world.lineage,
    revisions: bySpace((space) => revision(world.state.revision(space))),
    ranges: wholeSpaces,
  };
  world.apply(put('p/x', '3'), put('q/x', '3'));
  world.apply(del('p/x'));
  world.apply(put('p/x', '4'));
  t.deepEqual(past(await partsOf(world, held)), ['put p/x 3', 'delete p/x ', 'put p/x 4']);
});
