import type { IncomingMessage } from 'node:http';

/** A put of the largest value in base64, with room to spare. */
export const bodyBytes = 4 * 1024 * 1024;
/** What is thrown away of it beyond that, so that a caller who sends first and listens then hears the refusal. */
const discardBytes = 4 * bodyBytes;
/** For the refusal to be read before the connection breaks. */
const lingerMs = 1000;

/** Null: too large; what follows is thrown away, for a while. Rejects when the caller goes before it is whole. */
export function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve(null);
      if (size <= discardBytes || request.isPaused()) return;
      request.pause();
      setTimeout(() => request.destroy(), lingerMs).unref();
    });
    request.on('end', () => resolve(size > bodyBytes ? null : Buffer.concat(chunks, size).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the caller went')));
  });
}
