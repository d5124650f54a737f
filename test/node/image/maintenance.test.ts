import test from 'ava';
import fc from 'fast-check';
import { revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import { Maintenance } from '../../../src/node/image/maintenance.ts';
import type { ImageStore } from '../../../src/ports/image-store.ts';
import { createStateMachine, type StateMachine } from '../../../src/state/state-machine.ts';
import { TestClock } from '../../mirrors/test-clock.ts';
import { someCommands } from '../../state/arbitraries.ts';
import { compact, del, Log, put } from '../../state/commands.ts';
import { MemoryImage } from '../../state/memory-history.ts';

function maintenanceOf(
  state: StateMachine,
  image: MemoryImage,
  between: () => void = () => {},
  reclaims: () => boolean = () => false,
  stored = {} as ImageStore,
) {
  let replaced = 0;
  const clock = new TestClock();
  const maintenance = new Maintenance({
    state,
    image: stored,
    history: state.history(image.history),
    whole: () => replaced,
    yieldTurn: async () => between(),
    reclaims,
    clock,
  });
  return { maintenance, clock, replace: () => replaced++ };
}

test('what compaction freed is gone from the image before it is defragmented', async (t) => {
  const state = createStateMachine({ limits });
  const log = new Log(state);
  for (let i = 0; i < 3; i++) log.one(put('a', `${i}`));
  log.one(compact(3));
  let looks = 0;
  const said: string[] = [];
  const image = {
    sizeBytes: async () => 100 - looks,
    defragment: async () => void said.push(`after ${looks} looks`),
  } as unknown as ImageStore;
  const { maintenance, clock } = maintenanceOf(
    state,
    new MemoryImage(),
    () => {},
    () => ++looks < 3,
    image,
  );
  const done = maintenance.defragment();
  await clock.advance(1000);
  t.deepEqual(await done, { before: 100, after: 97 });
  t.deepEqual(said, ['after 3 looks']);
});

test('members that compacted at other times agree on every revision that both have', async (t) => {
  await fc.assert(
    fc.asyncProperty(someCommands, async (commands) => {
      const logs = [new Log(createStateMachine({ limits })), new Log(createStateMachine({ limits }))];
      const images = [new MemoryImage(), new MemoryImage()];
      for (const [i, command] of commands.entries()) {
        if (command.kind === 'compact') continue;
        for (const log of logs) log.one(command);
        if (i % 3 === 0) images[0]!.append(logs[0]!.state.takeImageBatch());
        if (i % 5 === 0) images[1]!.append(logs[1]!.state.takeImageBatch());
      }
      const last = logs[0]!.state.revision('user');
      const from = Math.max(1, Math.floor(last / 2));
      if (from > 1) logs[1]!.one(compact(from));
      const hashes = new Set<number>();
      const [a, b] = logs.map((log, i) => maintenanceOf(log.state, images[i]!).maintenance);
      for (let at = from; at <= last; at++) {
        const one = await a!.hashKv(revision(at));
        t.is(one.hash, (await b!.hashKv(revision(at))).hash);
        hashes.add(one.hash);
      }
      t.is(hashes.size, last - from + 1);
      t.is((await a!.hashKv(revision(0))).hash, (await b!.hashKv(last)).hash);
    }),
    { numRuns: 40 },
  );
});

test('writes in between do not change the hash of a revision', async (t) => {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  const batch = Array.from({ length: 1000 }, (_, i) => put(`k${i}`, `${i}`));
  log.apply(...batch);
  image.append(log.state.takeImageBatch());
  const at = log.state.revision('user');
  const expected = await maintenanceOf(log.state, image).maintenance.hashKv(at);
  let n = 0;
  const { maintenance } = maintenanceOf(log.state, image, () => {
    n++;
    log.apply(put('k990', `new ${n}`), del(`k${n}`), put(`k5${n}a`, 'between'));
  });
  t.is((await maintenance.hashKv(at)).hash, expected.hash);
  t.true(n >= 4, 'it gives way');
  t.not((await maintenance.hashKv(revision(0))).hash, expected.hash);
});

test('compacted and future revisions, and a state that was replaced meanwhile, are refused', async (t) => {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  log.apply(put('a', '1'), put('a', '2'), put('a', '3'));
  const { maintenance } = maintenanceOf(log.state, image);
  await maintenance.hashKv(revision(2));
  log.one(compact(3));
  await t.throwsAsync(maintenance.hashKv(revision(2)), { code: 'revision-compacted' });
  await t.throwsAsync(maintenance.hashKv(revision(9)), { code: 'revision-future' });
  t.is((await maintenance.hashKv(revision(3))).compacted, revision(3));
  const other = maintenanceOf(log.state, image, () => other.replace());
  await t.throwsAsync(other.maintenance.hashKv(revision(0)), { code: 'starting' });
});

test('a physical compaction is waited for until this member has compacted and its image is rid of the history, or nobody waits', async (t) => {
  const log = new Log(createStateMachine({ limits }));
  log.apply(put('a', '1'), put('a', '2'));
  let steps = 0;
  const { maintenance, clock } = maintenanceOf(log.state, new MemoryImage(), undefined, () => ++steps < 4);
  let over = false;
  const at = revision(3);
  const waiting = maintenance.compacted(at, new AbortController().signal).then(() => {
    over = true;
  });
  await clock.advance(1000);
  t.false(over);
  t.is(steps, 0, 'not before it is compacted here');
  log.one(compact(3));
  await clock.advance(30);
  t.false(over);
  await clock.advance(1000);
  t.true(over);
  await waiting;
  const caller = new AbortController();
  const given = maintenance.compacted(revision(9), caller.signal);
  caller.abort();
  await clock.advance(1000);
  await given;
});
