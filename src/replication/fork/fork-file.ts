import { crc32 } from 'node:zlib';
import { pack, unpack } from 'msgpackr';
import { type FramedKind, readFramed, writeFramed } from '../../node/backup/framed-file.ts';
import type { ForkEntry, ForkHead, ForkSummary } from './fork-entry.ts';

/** What a member had beyond a fork: frames of entries, the last one with their number. */
const forkKind: FramedKind = {
  magic: 'TANISTFK',
  format: 2,
  noun: 'fork file',
  advice: 'use another copy; the rest of it cannot be trusted',
};

export function forkFileName(epoch: number): string {
  return `fork-${epoch}.tanistfork`;
}

type Frame = { readonly entries: readonly ForkEntry[] } | { readonly summary: ForkSummary };

export function writeFork(
  head: ForkHead,
  batches: AsyncIterable<readonly ForkEntry[]>,
): AsyncGenerator<Uint8Array> {
  return writeFramed(forkKind, head, frames(batches));
}

async function* frames(batches: AsyncIterable<readonly ForkEntry[]>): AsyncGenerator<Uint8Array> {
  let beyond = 0;
  let uncommitted = 0;
  let notHeld = 0;
  let unchanged = 0;
  for await (const entries of batches) {
    for (const { why, committed } of entries) {
      if (why === 'not-held') notHeld++;
      else if (why === 'unchanged') unchanged++;
      else beyond++;
      if (!committed) uncommitted++;
    }
    if (entries.length > 0) yield frame({ entries });
  }
  yield frame({ summary: { beyond, uncommitted, notHeld, unchanged } });
}

function frame(content: Frame): Uint8Array {
  const packed = pack(content);
  const bytes = Buffer.allocUnsafe(4 + packed.length);
  bytes.set(packed, 4);
  bytes.writeUInt32LE(crc32(packed));
  return bytes;
}

export type ForkPart =
  | { readonly kind: 'head'; readonly head: ForkHead }
  | { readonly kind: 'entries'; readonly entries: readonly ForkEntry[] }
  | { readonly kind: 'summary'; readonly summary: ForkSummary };

/** Each part checked as it comes, the whole with the last one. Fails with `data-damaged`, saying where, or `data-format-newer`. */
export async function* readFork(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ForkPart> {
  for await (const part of readFramed(forkKind, bytes)) {
    if (part.kind === 'head') {
      const { completeFrom: from, ...head } = part.head as Partial<ForkHead> & Omit<ForkHead, 'completeFrom'>;
      // Files of format 1 do not say it.
      yield { kind: 'head', head: { ...head, completeFrom: from ?? head.fork.revisions } };
      continue;
    }
    const content = unpack(part.frame.subarray(4)) as Frame;
    if ('entries' in content) yield { kind: 'entries', entries: content.entries };
    else yield { kind: 'summary', summary: content.summary };
  }
}
