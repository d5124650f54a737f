import type { FileHandle } from 'node:fs/promises';
import test from 'ava';
import { Spool } from '../../src/dependencies/transfer/spool.ts';

/** A file on a disk that is full after so many bytes. */
function fullDisk(room: number): FileHandle {
  const bytes = Buffer.alloc(room);
  const file = {
    write: async (chunk: Uint8Array, offset: number, length: number, position: number) => {
      if (position + length > room)
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      bytes.set(chunk.subarray(offset, offset + length), position);
      return { bytesWritten: length };
    },
    read: async (into: Uint8Array, offset: number, length: number, position: number) => {
      into.set(bytes.subarray(position, position + length), offset);
      return { bytesRead: Math.min(length, room - position) };
    },
  };
  return file as unknown as FileHandle;
}

const chunk = (i: number): Buffer => Buffer.alloc(64 * 1024, i);

test('when the disk is full, those who read get all the same; memory stays bounded', async (t) => {
  const spool = new Spool(fullDisk(200_000), 1e9);
  const readers = [spool.open(), spool.open()];
  const chunks = 200;
  let written = 0;
  const write = async (): Promise<void> => {
    for (let i = 0; i < chunks; i++) {
      await spool.append(chunk(i % 251));
      written = i + 1;
    }
  };
  const writing = write();
  const read = async (mark: (typeof readers)[number]): Promise<Buffer> => {
    const parts: Buffer[] = [];
    while (mark.position < chunks * 64 * 1024) {
      if (mark.position < spool.available) parts.push(await spool.read(mark, spool.available));
      else await spool.changed();
    }
    spool.close(mark);
    return Buffer.concat(parts);
  };
  const [first] = readers;
  // Nobody reads yet: the source is held up a few megabytes later.
  for (let i = 0; i < 1000; i++) await Promise.resolve();
  t.true(written < 100);
  const all = await Promise.all(readers.map(read));
  await writing;
  const expected = Buffer.concat(Array.from({ length: chunks }, (_, i) => chunk(i % 251)));
  for (const bytes of all) t.true(bytes.equals(expected));
  t.is(first?.position, expected.length);
  t.regex(String(spool.notStored?.message), /no space/);
  t.false(spool.isWhole);
});

test('what is neither kept nor read is refused', async (t) => {
  const spool = new Spool(null, 0);
  await t.throwsAsync(spool.append(chunk(1)), { message: /nobody reads it/ });
});

test('bytes that came out of order count when they are reached', async (t) => {
  const spool = new Spool(fullDisk(1000), 1000);
  t.true(await spool.writeAt(Buffer.from('def'), 3));
  t.true(await spool.writeAt(Buffer.from('abc'), 0));
  t.is(spool.available, 0);
  spool.advance(6);
  const mark = spool.open();
  t.is((await spool.read(mark, 6)).toString(), 'abcdef');
  t.false(await spool.writeAt(Buffer.alloc(10), 995));
});

test('where room is refused nothing is written, and readers get all the same', async (t) => {
  const spool = new Spool(fullDisk(1e6), 1e9, (end) => end <= 100);
  const mark = spool.open();
  await spool.append(Buffer.alloc(100, 1));
  await spool.append(Buffer.alloc(100, 2));
  t.regex(String(spool.notStored?.message), /no room/);
  t.is((await spool.read(mark, 200)).length + (await spool.read(mark, 200)).length, 200);
});
