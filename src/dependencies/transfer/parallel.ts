import { asError, TanistError } from '../../foundation/errors.ts';
import type { Digests } from './digests.ts';
import type { Source } from './source.ts';
import type { Spool } from './spool.ts';

const segmentBytes = 2 * 1024 * 1024;
const mostAtOnce = 4;
const hashedAtOnce = 256 * 1024;

interface Filled {
  readonly spool: Spool;
  readonly digests: Digests;
  readonly from: Set<Source>;
}

interface ParallelPorts {
  readonly failed: (source: Source, error: Error) => void;
  readonly received: (source: Source, bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Takes segments of an object from several sources at a time, each as fast as it gives them. A source that fails leaves its segment to the others. True: all is
 * there. False: what is available is a prefix, to be gone on with.
 */
export async function fillInParallel(
  { spool, digests, from }: Filled,
  sources: readonly Source[],
  size: number,
  ports: ParallelPorts,
): Promise<boolean> {
  const count = Math.ceil(size / segmentBytes);
  const lengthOf = (index: number): number => Math.min(segmentBytes, size - index * segmentBytes);
  const filled = new Float64Array(count);
  const again: number[] = [];
  let next = 0;
  let first = 0;
  let hashing: Promise<void> = Promise.resolve();
  let hashFailure: Error | null = null;

  const hashUpTo = async (end: number): Promise<void> => {
    while (digests.bytes < end)
      digests.update(await spool.bytesAt(digests.bytes, Math.min(hashedAtOnce, end - digests.bytes)));
  };
  const advance = (): void => {
    while (first < count && filled[first] === lengthOf(first)) first++;
    const end = first * segmentBytes + (filled[first] ?? 0);
    if (Math.min(end, size) <= spool.available) return;
    spool.advance(Math.min(end, size));
    const to = spool.available;
    hashing = hashing
      .then(() => hashUpTo(to))
      .catch((error: unknown) => {
        hashFailure ??= asError(error);
      });
  };
  const take = async (source: Source, index: number): Promise<void> => {
    const start = index * segmentBytes;
    const end = start + lengthOf(index);
    let position = start + (filled[index] ?? 0);
    const incoming = await source.open(position, end, ports.signal);
    if (incoming.startsAt !== position)
      throw new TanistError('upstream-failed', `${source.name} does not begin where it was asked to`);
    for await (const chunk of incoming.body) {
      ports.received(source, chunk.length);
      if (position + chunk.length > end)
        throw new TanistError('upstream-failed', `${source.name} sends more than it was asked for`);
      from.add(source);
      if (!(await spool.writeAt(chunk, position))) throw new NoRoom();
      position += chunk.length;
      filled[index] = position - start;
      advance();
    }
    if (position < end) throw new TanistError('upstream-failed', `${source.name} ended too early`);
  };
  const work = async (source: Source): Promise<void> => {
    for (;;) {
      const index = again.shift() ?? (next < count ? next++ : null);
      if (index === null) return;
      try {
        await take(source, index);
      } catch (error) {
        again.push(index);
        if (!(error instanceof NoRoom) && !ports.signal.aborted) ports.failed(source, asError(error));
        return;
      }
    }
  };
  await Promise.all(sources.slice(0, mostAtOnce).map(work));
  await hashing;
  ports.signal.throwIfAborted();
  if (hashFailure !== null) throw hashFailure;
  return spool.available === size;
}

class NoRoom extends Error {}
