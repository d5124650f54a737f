import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TanistClient } from '../../client/index.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type BackupHead, readBackup } from '../../node/backup/backup-file.ts';
import type { Progress } from '../terminal/progress.ts';
import { unwritable } from '../terminal/unreadable.ts';
import { byteText, shownAfterMs } from './late-progress.ts';
import { syncFolder } from './sync-folder.ts';

export interface WrittenBackup {
  readonly head: BackupHead;
  readonly bytes: number;
  readonly endpoint: string;
}

/** A device or a folder would be replaced by the file, or refuse it only when all is copied. */
async function checkPlace(file: string): Promise<void> {
  const there = await stat(file).catch(() => null);
  if (there === null || there.isFile()) return;
  const kind = there.isDirectory() ? 'a folder' : 'no regular file';
  throw new TanistError('data-not-writable', `${file} is ${kind}: name a file that may be written`);
}

/** Streams a backup from the first endpoint that gives one, checks it on the way, and puts it in the place of `file` when it is whole and durable. */
export async function writeBackupFile(
  client: TanistClient,
  endpoints: readonly string[],
  file: string,
  call: { readonly deadlineMs: number },
  progress: Progress,
): Promise<WrittenBackup> {
  await checkPlace(file);
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      return await writeFrom(client, endpoint, file, call, progress);
    } catch (error) {
      if (!(error instanceof TanistError) || !error.retryable) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function writeFrom(
  client: TanistClient,
  endpoint: string,
  file: string,
  { deadlineMs }: { readonly deadlineMs: number },
  progress: Progress,
): Promise<WrittenBackup> {
  const part = `${file}.part`;
  const handle = await open(part, 'w').catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
  const late = shownAfterMs(progress, 2000);
  let bytes = 0;
  let head: BackupHead | null = null;
  async function* kept(): AsyncGenerator<Uint8Array> {
    for await (const { data, totalBytes } of client.backup(endpoint, { silenceMs: deadlineMs })) {
      await handle.appendFile(data).catch((cause: unknown) => {
        throw unwritable(file, cause);
      });
      bytes += data.length;
      late(`backup from ${endpoint}: ${byteText(bytes)} of about ${byteText(Math.max(bytes, totalBytes))}`);
      yield data;
    }
  }
  try {
    for await (const found of readBackup(kept())) if (found.kind === 'head') head = found.head;
    await handle.sync();
    await handle.close();
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  } finally {
    progress.clear();
  }
  if (head === null) throw new TanistError('data-damaged', `${endpoint} sent a backup without a head`);
  return { head, bytes, endpoint };
}
