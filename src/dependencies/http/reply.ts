import type { IncomingMessage, ServerResponse } from 'node:http';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';
import { AnswerStatus } from '../outside/answer-status.ts';
import type { Download } from '../transfer/download.ts';

/** An error as npm, apt and other agents understand it: a status, and one line that says what to do. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    // What was begun cannot be taken back: the connection breaks off, so nobody takes it for whole.
    response.destroy();
    return;
  }
  const body = JSON.stringify({ error: message });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function refuseWith(response: ServerResponse, thrown: unknown): void {
  const error = asError(thrown);
  const restMs = error instanceof AnswerStatus ? error.retryAfterMs : 0;
  const told = restMs > 0 ? { 'retry-after': String(Math.ceil(restMs / 1000)) } : {};
  refuse(response, statusOf(error), error.message, told);
}

function statusOf(error: Error): number {
  if (error instanceof AnswerStatus) return error.status;
  if (!(error instanceof TanistError)) return 500;
  switch (error.code) {
    case 'invalid-argument':
      return 400;
    case 'key-not-found':
      return 404;
    case 'deadline-exceeded':
      return 504;
    case 'overloaded':
    case 'stopping':
    case 'cancelled':
      return 503;
    default:
      return 502;
  }
}

/** Writes chunks as fast as the other side takes them; ends the response. False: the other side left. */
export async function pour(response: ServerResponse, chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const chunk of chunks) {
    if (response.destroyed) return false;
    if (!response.write(chunk)) await drained(response);
  }
  if (response.destroyed) return false;
  response.end();
  return true;
}

/** Sends what is coming. The head goes out with the first bytes, when the length is sure; before them an error is an answer of its own. */
async function pourDownload(
  response: ServerResponse,
  download: Download,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const chunks = download.read();
  try {
    const first = await chunks.next();
    const total = download.totalBytes;
    response.writeHead(200, { ...headers, ...(total === null ? {} : { 'content-length': String(total) }) });
    if (first.done === true) {
      response.end();
      return;
    }
    if (!response.write(first.value)) await drained(response);
    await pour(response, chunks);
  } finally {
    await chunks.return();
  }
}

/** Sends what is here, or coming. */
export async function pourServed(
  response: ServerResponse,
  served:
    | { readonly kind: 'cached'; readonly meta: ObjectMeta }
    | { readonly kind: 'coming'; readonly download: Download },
  cache: ObjectCache,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  if (served.kind === 'coming') {
    await pourDownload(response, served.download, headers);
    return;
  }
  response.writeHead(200, { ...headers, 'content-length': String(served.meta.size) });
  await pour(response, cache.read(served.meta));
}

/** A body of any size that somebody sends, within a bound. Fails as `value-too-large`. */
export async function collect(chunks: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > mostBytes)
      throw new TanistError(
        'value-too-large',
        `more than ${mostBytes} bytes came where at most that many belong`,
      );
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Of a request or answer that goes on: all but what concerns one connection (RFC 9110, 7.6.1). */
export function forwarded(headers: IncomingMessage['headers']): Readonly<Record<string, string>> {
  const named = new Set(
    String(headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || named.has(name)) continue;
    kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
]);

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
