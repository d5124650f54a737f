import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { Scrubber } from '../../../src/node/integrity/scrub.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { openImage } from '../../../src/storage/image/image-store.ts';
import { openLog } from '../../../src/storage/log/open-log.ts';
import { compact, grant, Log, lease, predict, prediction, put } from '../../state/commands.ts';
import { MemoryDisk } from '../../storage/memory-disk.ts';

/** What a scrub of a whole node's storage says once `spoil` has been at it, and once more after changes that are not flushed. */
async function found(spoil: (rows: Map<string, Uint8Array>) => void): Promise<readonly string[]> {
  const disk = new MemoryDisk();
  const image = await openImage(disk, { clusterId: 'c', folder: 'f' });
  await image.load();
  const log = await openLog(disk, {
    clusterId: 'c',
    nodeId: nodeId('a'),
    newStoreId: 's',
    incarnation: 'i',
    folder: 'f',
  });
  const state = createStateMachine({ limits });
  const entries = new Log(state);
  const settle = async (): Promise<void> => {
    image.append(state.takeImageBatch());
    await image.flush({ sync: true });
  };
  const [opened] = entries.apply({ kind: 'openSession', ttlMs: 60_000, nonce: 'n' }, grant(5n, 50_000));
  entries.apply(put('k', 'v', lease(5n)));
  if (opened?.kind === 'openSession') entries.inSession(opened.id, 1, 0, put('k', 'in session'));
  entries.apply(put('plane', 'v', { space: 'planes' }), compact(2));
  entries.apply({
    kind: 'setPolicy',
    prefix: 'k' as never,
    policy: { acknowledge: 'quorum', tier: 'critical', predict: { method: 'auto' } as never },
  });
  entries.apply(predict(prediction('k', state.revision('user'))));
  entries.apply({ kind: 'alarm', action: 'activate', member: nodeId('a'), alarm: 'corrupt' });
  const facts = { name: '', peer: '', client: 'c:1', http: '', tier: 'hot', labels: {} } as const;
  state.members.apply({ set: [{ id: nodeId('a'), ...facts }], removed: [nodeId('z')] });
  await settle();
  spoil(disk.contents.get('state')!.durable);
  // Not handed over yet: it is no damage that the image lacks it.
  entries.apply(grant(6n, 50_000));
  const nothing = async (): Promise<void> => {};
  const scrubber = new Scrubber({
    scrub: { bytesPerSecond: 0, pauseMs: 0 },
    clock: null as never,
    nodeLog: silentLog,
    state,
    log,
    image,
    whole: () => 1,
    yieldTurn: nothing,
    settle,
    logDamaged: () => {},
    imageDamaged: () => {},
    failed: (error) => {
      throw error;
    },
  });
  const faults = await scrubber.now();
  await image.close();
  await log.close();
  return faults;
}

test.serial('a record that vanished from the disk while the node runs is found by the scrub', async (t) => {
  t.teardown(() => activateMutant(null));
  t.deepEqual(await found(() => {}), []);
  const keys: string[] = [];
  await found((rows) => keys.push(...[...rows.keys()].filter((key) => key.startsWith('r/'))));
  t.deepEqual(
    keys.map((key) => key.split('/')[1]),
    ['alarm', 'member', 'member', 'lease', 'session', 'session'],
  );
  for (const key of keys) {
    const faults = await found((rows) => rows.delete(key));
    t.is(faults.length, 1, key);
    t.regex(faults[0] ?? '', /record .* is gone/);
  }
  activateMutant('scrub-misses-vanished-records');
  t.deepEqual(await found((rows) => rows.delete(keys[0]!)), []);
});

/** All that a state image keeps: chunks by space, records by kind. A kind that is new here has to be tried too. */
const kinds = [
  'd/0',
  'd/1',
  'd/2',
  'd/3',
  'format',
  'meta',
  'r/alarm',
  'r/lease',
  'r/member',
  'r/session',
  'r/session/',
];

const kindOf = (key: string): string =>
  /^r\/session\/.*\//.test(key) ? 'r/session/' : key.split('/').slice(0, 2).join('/');

test('a bit that flips in a record of any kind while the node runs is found by the scrub', async (t) => {
  const keys: string[] = [];
  await found((rows) => keys.push(...rows.keys()));
  t.deepEqual([...new Set(keys.map(kindOf))].sort(), [...kinds].sort());
  for (const key of keys)
    for (const at of [0, 0.5, 1]) {
      const faults = await found((rows) => {
        const value = Uint8Array.from(rows.get(key)!);
        const byte = Math.floor(at * (value.length - 1));
        value[byte] = value[byte]! ^ 4;
        rows.set(key, value);
      });
      t.true(faults.length > 0, `${key} at ${at}`);
    }
});
