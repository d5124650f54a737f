import test from 'ava';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Database } from '../../src/ports/database.ts';
import { Life } from '../../src/simulator/world/life.ts';
import { nodeClock } from '../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../src/simulator/world/sim-disk.ts';
import { SortedRows } from '../../src/simulator/world/sorted-rows.ts';

const nothing = (): void => {};
const bytes = (text: string): Uint8Array => Buffer.from(text);

test('events happen in order of time, equal times in order of scheduling, promises run dry in between', async (t) => {
  const scheduler = new Scheduler();
  const seen: string[] = [];
  scheduler.at(2, () => seen.push('c'));
  scheduler.at(1, () => {
    seen.push('a');
    Promise.resolve()
      .then(() => null)
      .then(() => seen.push('a, later'));
  });
  scheduler.at(1, () => seen.push('b'));
  await scheduler.run(10, nothing);
  t.deepEqual(seen, ['a', 'a, later', 'b', 'c']);
  t.is(scheduler.nowMs, 10);
});

test('a dead process hears nothing any more, a paused one when it goes on', async (t) => {
  const scheduler = new Scheduler();
  const seen: string[] = [];
  const dead = new Life('dead', scheduler, nothing);
  const paused = new Life('paused', scheduler, nothing);
  const random = seededRandom(1);
  const time = { originMs: 0, drift: 0, wallOffsetMs: 0 };
  nodeClock(scheduler, dead, time, random).after(5, () => seen.push('dead'));
  nodeClock(scheduler, paused, time, random).after(5, () => seen.push(`paused until ${scheduler.nowMs}`));
  dead.end();
  paused.pause();
  scheduler.at(50, () => paused.resume());
  await scheduler.run(100, nothing);
  t.deepEqual(seen, ['paused until 50']);
});

test('a clock that drifts, and timers that are never early', async (t) => {
  const scheduler = new Scheduler();
  const life = new Life('a', scheduler, nothing);
  const clock = nodeClock(scheduler, life, { originMs: 7, drift: 0.5, wallOffsetMs: 1000 }, seededRandom(2));
  let firedMs = 0;
  clock.after(30, () => {
    firedMs = clock.nowMs();
  });
  await scheduler.run(100, nothing);
  t.true(firedMs >= 37);
  t.is(clock.nowMs(), 157);
  t.is(clock.wallMs(), 1150);
});

/** Runs `act` against a disk whose process and machine then fail; says what is left in the order of the writes. */
async function survivors(seed: number, power: boolean, act: (database: Database) => void): Promise<string> {
  const scheduler = new Scheduler();
  const disk = new SimDisk(scheduler, seededRandom(seed));
  const life = new Life('a', scheduler, nothing);
  const opened = disk.port(life).open('log');
  await scheduler.run(1, nothing);
  act((await opened).database);
  await scheduler.run(2, nothing);
  life.end();
  disk.crash(power);
  const next = new Life('a', scheduler, nothing);
  const again = disk.port(next).open('log');
  await scheduler.run(3, nothing);
  const { database } = await again;
  const rows: string[] = [];
  const reading = (async () => {
    for await (const batch of database.scan('', '~', 1000)) rows.push(...batch.map(({ key }) => key));
  })();
  await scheduler.run(10, nothing);
  await reading;
  return rows.join('');
}

test('a crash keeps what was synced and a prefix of the rest; a killed process loses nothing that was written', async (t) => {
  const write = (database: Database, key: string, sync: boolean): void => {
    database.write([{ type: 'put', key, value: bytes(key) }], { sync }).catch(nothing);
  };
  const found = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    found.add(
      await survivors(seed, true, (database) => {
        write(database, 'a', true);
        for (const key of ['b', 'c', 'd']) write(database, key, false);
      }),
    );
  }
  t.deepEqual([...found].sort(), ['a', 'ab', 'abc', 'abcd']);
  const killed = await survivors(1, false, (database) => {
    for (const key of ['a', 'b']) write(database, key, false);
  });
  t.is(killed, 'ab');
});

test('a full disk writes nothing, a failed sync is final, a flipped bit is somewhere in a value', async (t) => {
  const scheduler = new Scheduler();
  const disk = new SimDisk(scheduler, seededRandom(3));
  const life = new Life('a', scheduler, nothing);
  const opened = disk.port(life).open('log');
  await scheduler.run(1, nothing);
  const { database } = await opened;
  const codes: unknown[] = [];
  const write = (key: string): void => {
    database.write([{ type: 'put', key, value: bytes('v') }], { sync: true }).then(
      () => codes.push('written'),
      ({ code }) => codes.push(code),
    );
  };
  disk.weather.full = true;
  write('a');
  await scheduler.run(5, nothing);
  disk.weather.full = false;
  write('b');
  await scheduler.run(10, nothing);
  disk.weather.failNextSync = true;
  write('c');
  write('d');
  await scheduler.run(20, nothing);
  t.deepEqual(codes, ['disk-full', 'written', 'storage-failed', 'storage-failed']);
  life.end();
  disk.crash(true);
  t.regex(disk.flipBit('log') ?? '', /^log\/[bc] byte 0$/);
});

test('rows stay in order whatever the order of writing', (t) => {
  const rows = new SortedRows();
  const put = (key: string) => rows.apply([{ type: 'put', key, value: bytes(key) }]);
  for (const key of ['b', 'd', 'a', 'c']) put(key);
  rows.apply([{ type: 'del', key: 'd' }]);
  put('e');
  t.deepEqual(
    rows.range('a', 'e').map(({ key }) => key),
    ['a', 'b', 'c'],
  );
  t.is(rows.last('', '~')?.key, 'e');
  t.is(rows.last('', 'a'), undefined);
  const copy = rows.copy();
  rows.apply([{ type: 'del', key: 'a' }]);
  t.is(copy.get('a')?.length, 1);
});
