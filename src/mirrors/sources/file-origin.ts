import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { OriginOf } from '../config/source-schema.ts';
import { tooLarge } from './bounded-body.ts';
import { failed, failedBy, parsed } from './failed.ts';
import type { Origin } from './origin.ts';
import { textFor } from './template.ts';

/** Moments of a file system have a grain: what was written this long ago may be written again without another one. */
const grainMs = 2000;

/**
 * A file below a folder. Whatever is there now is its truth: a file that is put back may be as old as it likes. When its inode changed last (a rename counts) is
 * when it changed; with its modification time, inode and size that is its validator.
 */
export function fileOrigin(config: OriginOf<'file'>, folder: string, wallMs: () => number): Origin {
  return {
    async fetch({ key, validators, signal, maxBytes }) {
      try {
        const path = resolve(folder, textFor(config.path, key));
        const below = relative(resolve(folder), path);
        if (below === '' || below.startsWith('..') || isAbsolute(below))
          return failed('origin-refused', `${key}: the file is outside the folder of files`);
        // A pipe that nobody writes to is opened at once.
        const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          const found = await file.stat();
          const { mtimeMs, ctimeMs, ino, size } = found;
          if (!found.isFile())
            return failed('origin-refused', `${key}: a pipe, a device or a folder is no file`);
          if (size > maxBytes) throw tooLarge(maxBytes);
          const etag = `${mtimeMs}-${ctimeMs}-${ino}-${size}`;
          if (validators?.etag === etag) return { kind: 'unchanged', originMs: null };
          const text = await boundedRead(file, maxBytes, signal);
          return {
            kind: 'content',
            document: parsed(text, config.parse),
            validators: Math.abs(wallMs() - mtimeMs) < grainMs ? {} : { etag },
            changedAtMs: Math.round(ctimeMs),
            ordered: false,
            originMs: null,
          };
        } finally {
          await file.close();
        }
      } catch (error) {
        const code = (error as { readonly code?: unknown }).code;
        if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone', originMs: null };
        return failedBy(error, signal);
      }
    },
  };
}

/** A file may grow while it is read, and some (`/proc`) have no size. */
async function boundedRead(
  file: Awaited<ReturnType<typeof open>>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    if (signal.aborted) throw new TanistError('origin-slow', 'the file was not read in time');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
    bytes += bytesRead;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(buffer.subarray(0, bytesRead));
  }
}
