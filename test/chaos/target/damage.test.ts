import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { memberDisk } from '../../../src/chaos/target/disk/member-disk.ts';
import { etcdLayout, type Layout, tanistLayout } from '../../../src/chaos/target/disk/stored-files.ts';
import type { Disk } from '../../../src/chaos/target.ts';
import { seededRandom } from '../../../src/foundation/random.ts';

async function setUp(
  t: ExecutionContext,
  layout: Layout,
  files: Readonly<Record<string, Buffer>>,
): Promise<{ disk: Disk; read: (path: string) => Promise<Buffer> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(folder, 'n0', path, '..'), { recursive: true });
    await writeFile(join(folder, 'n0', path), bytes);
  }
  const disk = memberDisk({
    layout,
    savedFolder: join(folder, 'saved'),
    dataFolder: (id) => join(folder, id),
    isRunning: (id) => id === 'running',
    smallDisk: () => null,
  });
  return { disk, read: (path) => readFile(join(folder, 'n0', path)) };
}

const bitsApart = (a: Buffer, b: Buffer): number =>
  [...a].reduce((sum, byte, at) => {
    let bits = 0;
    for (let left = byte ^ (b[at] ?? 0); left > 0; left >>= 1) bits += left & 1;
    return sum + bits;
  }, 0);

test('one bit of a table, or of the newest file of the log', async (t) => {
  const random = seededRandom('damage').next;
  const table = Buffer.alloc(500, 7);
  const files = {
    'state/000005.ldb': table,
    'log/000007.log': Buffer.alloc(100, 1),
    'log/000012.log': Buffer.alloc(100, 2),
    // Of another database, and empty.
    'state/000020.log': Buffer.alloc(100, 3),
    'log/000013.log': Buffer.alloc(0),
  };
  const { disk, read } = await setUp(t, tanistLayout, files);
  t.regex((await disk.flipBit('n0', 'table', random)) ?? '', /state\/000005\.ldb/);
  t.is(bitsApart(await read('state/000005.ldb'), table), 1);
  t.regex((await disk.flipBit('n0', 'log', random)) ?? '', /log\/000012\.log/);
  t.is(bitsApart(await read('log/000012.log'), files['log/000012.log']), 1);
  t.is(bitsApart(await read('log/000007.log'), files['log/000007.log']), 0);
  t.regex((await disk.truncateTail('n0', random)) ?? '', /of 100 bytes of .*log\/000012\.log/);
  t.true((await read('log/000012.log')).length < 100);
});

test('the room at the end of a segment of etcd is none of its content', async (t) => {
  const segment = Buffer.concat([Buffer.alloc(300, 9), Buffer.alloc(2 * 1024 * 1024)]);
  const { disk, read } = await setUp(t, etcdLayout, {
    'member/wal/0000000000000000-0000000000000000.wal': segment,
    'member/snap/db': Buffer.alloc(64, 4),
  });
  const path = 'member/wal/0000000000000000-0000000000000000.wal';
  await disk.flipBit('n0', 'log', () => 0.999);
  t.is(bitsApart((await read(path)).subarray(290, 300), segment.subarray(290, 300)), 1);
  await disk.truncateTail('n0', () => 0);
  t.is((await read(path)).length, 299);
  t.regex((await disk.flipBit('n0', 'table', () => 0)) ?? '', /member\/snap\/db/);
});

test('an old image comes back; what is not there is not harmed; what runs is left alone', async (t) => {
  const { disk, read } = await setUp(t, tanistLayout, { 'log/000007.log': Buffer.from('old') });
  const image = await disk.save('n0');
  await disk.remove('n0');
  await t.throwsAsync(read('log/000007.log'));
  t.is(await disk.flipBit('n0', 'table', Math.random), null);
  t.is(await disk.truncateTail('n0', Math.random), null);
  await disk.putBack('n0', image);
  t.is((await read('log/000007.log')).toString(), 'old');
  t.true((await stat(image)).isDirectory());
  await t.throwsAsync(disk.remove('running'), { code: 'invalid-argument' });
  await t.throwsAsync(disk.fill('n0', 0), { code: 'invalid-argument' });
});
