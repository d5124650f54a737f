import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Level } from 'level';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { DamagedCluster } from './damaged-cluster.ts';

/** Of each how many positions are tried. More: TANIST_DAMAGE=20. */
const rounds = Number(process.env.TANIST_DAMAGE ?? 1);
const from = Number(process.env.TANIST_DAMAGE_FROM ?? 1);

const files = ['*.log', '*.ldb', 'MANIFEST-*', 'CURRENT', 'LOG', 'LOCK'] as const;
const records = {
  log: ['identity', 'hard', 'start', 'peer/', 'z/', 'z/ witness'],
  state: ['format', 'meta', 'd/', 'r/'],
} as const;
const vanishing = { log: ['hard', 'z/', 'z/ witness'], state: ['meta', 'd/', 'r/'] } as const;

type Spoil = (folder: string, random: Random) => Promise<string | null>;
const spoils: readonly (readonly [string, Spoil])[] = (['log', 'state'] as const).flatMap((database) => [
  ...files.map((file): [string, Spoil] => [
    `a bit of ${database}/${file}`,
    (folder, random) => flipInFile(join(folder, database), file, random),
  ]),
  ...records[database].map((kind): [string, Spoil] => [
    `a bit of record ${kind} in ${database}`,
    (folder, random) => spoilRecord(join(folder, database), kind, random, false),
  ]),
  ...vanishing[database].map((kind): [string, Spoil] => [
    `record ${kind} in ${database} gone`,
    (folder, random) => spoilRecord(join(folder, database), kind, random, true),
  ]),
]);

async function flipInFile(folder: string, pattern: string, random: Random): Promise<string | null> {
  const expression = new RegExp(`^${pattern.replace('.', '\\.').replace('*', '.*')}$`);
  const names = (await readdir(folder)).filter((name) => expression.test(name)).sort();
  if (names.length === 0) return null;
  const path = join(folder, random.pick(names));
  const { size } = await stat(path);
  if (size === 0) return null;
  const file = await open(path, 'r+');
  try {
    const at = random.below(size);
    const byte = (await readFile(path))[at]!;
    await file.write(Uint8Array.of(byte ^ (1 << random.below(8))), 0, 1, at);
    return `${path} byte ${at} of ${size}`;
  } finally {
    await file.close();
  }
}

async function spoilRecord(
  folder: string,
  kind: string,
  random: Random,
  gone: boolean,
): Promise<string | null> {
  const level = new Level<string, Buffer>(folder, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
  try {
    const [prefix, witness] = kind.split(' ');
    const keys = (await level.keys().all()).filter(
      (key) => key.startsWith(prefix!) && (prefix !== 'z/' || key.endsWith('t') === (witness !== undefined)),
    );
    if (keys.length === 0) return null;
    const key = random.pick(keys);
    if (gone) {
      await level.del(key);
      return `${key} removed`;
    }
    const value = Buffer.from((await level.get(key))!);
    const at = random.below(value.length);
    value[at] = value[at]! ^ (1 << random.below(8));
    await level.put(key, value);
    return `${key} byte ${at} of ${value.length}`;
  } finally {
    await level.close();
  }
}

test.serial(
  'whatever bit of a stopped replica flips: no wrong answer, and it is made whole by itself',
  async (t) => {
    t.timeout(280_000);
    const cluster = await DamagedCluster.start(3);
    t.teardown(() => cluster.stop());
    for (let i = 0; i < 150; i++) await cluster.write(`key ${i % 40}`, `${i} ${'x'.repeat(900)}`);
    const unnoticed: string[] = [];
    let spoiled = 0;
    for (let round = 0; round < rounds; round++) {
      for (const [i, [what, spoil]] of spoils.entries()) {
        const random = seededRandom(`${from + round} ${what}`);
        const victim = random.below(3);
        await cluster.down(victim);
        await cluster.write('while it is down', `${round} ${i}`);
        const where = await spoil(cluster.members[victim]!.folder, random);
        if (where === null) {
          await cluster.up(victim);
          continue;
        }
        spoiled++;
        const { events } = cluster.members[victim]!;
        events.length = 0;
        const place = `${what}, seed ${from + round}: n${victim}, ${where}`;
        await t.notThrowsAsync(cluster.up(victim), place);
        const { node } = cluster.members[victim]!;
        const before = new Map(cluster.written);
        await cluster.write(`key ${i % 40}`, `after ${round} ${i}`);
        // Of the past it may answer, but never what was not written.
        const local = await cluster.read(victim, 'serializable');
        for (const [key, value] of local ?? []) {
          const known =
            [before.get(key), cluster.written.get(key)].includes(value) || key === 'while it is down';
          t.true(known || isOld(value), `${place}: ${key} is ${value}`);
        }
        const linear = await cluster.read(victim, 'linearizable');
        if (linear !== null)
          t.deepEqual(new Map([...linear].sort()), new Map([...cluster.written].sort()), place);
        await cluster.until(
          () => cluster.whole(),
          () => `${place}: not whole again\n${cluster.state()}`,
        );
        t.is(cluster.members[victim]!.node, node, `${place}: it went on by itself`);
        const again = await node!.scrub();
        await cluster.until(
          () => cluster.whole(),
          () => `${place}: not whole after a scrub\n${cluster.state()}`,
        );
        if (again.length > 0) t.deepEqual(await node!.scrub(), [], `${place}: a scrub found ${again.join()}`);
        if (!events.some((event) => /^(set-aside|damage-found|quarantined)/.test(event)))
          unnoticed.push(place);
        const now = await cluster.read(victim, 'linearizable');
        t.deepEqual(new Map([...(now ?? [])].sort()), new Map([...cluster.written].sort()), place);
      }
    }
    t.log(`${spoiled} places; of no consequence: ${unnoticed.length}\n${unnoticed.join('\n')}`);
  },
);

/** A value of an earlier write of the same key. */
function isOld(value: string): boolean {
  return /^(\d+ x*|after \d+ \d+|\d+ \d+)$/.test(value);
}
