import type { Clock } from '../../ports/clock.ts';

/**
 * The chunks, at no more than so many bytes a second on the average since the beginning: what is read and sent for another member must not take the
 * disk and the event loop from the writes that go on meanwhile.
 */
export async function* paced(
  chunks: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const startMs = clock.nowMs();
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    yield chunk;
    const dueMs = startMs + (bytes / bytesPerSecond) * 1000;
    const waitMs = dueMs - clock.nowMs();
    if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  }
}
