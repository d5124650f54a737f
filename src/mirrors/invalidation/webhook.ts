import type { IncomingMessage, ServerResponse } from 'node:http';
import { asError, TanistError } from '../../foundation/errors.ts';
import { SeenEvents } from './seen-events.ts';
import { verifyEvent, verifyHub } from './signature.ts';

export interface WebhookPorts {
  /** Shared with whoever sends events; never empty. */
  readonly secret: string;
  readonly wallMs: () => number;
  /** Resolves to those that there are mirrors of. */
  readonly invalidate: (names: readonly string[]) => Promise<readonly string[]>;
}

const mostBytes = 1024 * 1024;
const mostNames = 1000;
const path = '/invalidate';

/**
 * Events that say that resources changed: `POST /invalidate/SOURCE/KEY` with any body, or `POST /invalidate` with `{"ids":["SOURCE/KEY",…]}`. Signed by
 * `x-tanist-signature` with `x-tanist-timestamp` (`signatureOf`), which counts once, or by `x-hub-signature-256` with the address's own secret
 * (`hubSecretOf`), which says nothing of when: sent again it invalidates the same again. False: not about this path.
 */
export function webhook({
  secret,
  wallMs,
  invalidate,
}: WebhookPorts): (request: IncomingMessage, response: ServerResponse) => boolean {
  const seen = new SeenEvents();
  const handle = async (
    request: IncomingMessage,
    pathname: string,
  ): Promise<{ readonly invalidated: number }> => {
    const body = await bodyOf(request);
    const own = header(request, 'x-tanist-signature');
    const nowMs = wallMs();
    if (own === undefined) verifyHub(secret, pathname, body, header(request, 'x-hub-signature-256') ?? '');
    else {
      const timestamp = header(request, 'x-tanist-timestamp') ?? '';
      verifyEvent(secret, { path: pathname, timestamp, body }, own, nowMs);
      if (seen.has(own, nowMs)) return { invalidated: 0 };
    }
    const named = pathname.slice(path.length + 1);
    const names = named === '' ? namesIn(body) : [named.split('/').map(decodeURIComponent).join('/')];
    // Before it is taken: copies may come together.
    if (own !== undefined) seen.add(own, nowMs);
    try {
      return { invalidated: (await invalidate(names)).length };
    } catch (error) {
      // One that failed may be sent again.
      if (own !== undefined) seen.remove(own);
      throw error;
    }
  };
  return (request, response) => {
    // As it was sent: whatever stands there, it is only compared.
    const [pathname = ''] = (request.url ?? '').split('?');
    if (pathname !== path && !pathname.startsWith(`${path}/`)) return false;
    if (request.method !== 'POST') {
      reply(response, 405, { error: 'only POST' });
      return true;
    }
    handle(request, pathname).then(
      (done) => reply(response, 200, done),
      (thrown: unknown) => {
        const error = asError(thrown);
        const code = error instanceof TanistError ? error.code : 'invalid-argument';
        const status =
          code === 'signature-invalid'
            ? 401
            : code === 'origin-too-large'
              ? 413
              : error instanceof TanistError && error.retryable
                ? 503
                : 400;
        reply(response, status, { code, error: error.message });
      },
    );
    return true;
  };
}

/** Of one that is too large the rest is read, up to a second bound, and let go: else its sender would not hear why. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > 16 * mostBytes) break;
    if (bytes <= mostBytes) pieces.push(piece);
  }
  if (bytes > mostBytes)
    throw new TanistError('origin-too-large', `the event is larger than ${mostBytes} bytes`);
  return Buffer.concat(pieces);
}

function namesIn(body: Buffer): readonly string[] {
  const wrong = new TanistError(
    'invalid-argument',
    `the event must be {"ids":["SOURCE/KEY",…]}, at most ${mostNames}`,
  );
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch {
    throw wrong;
  }
  const ids = document !== null && typeof document === 'object' && 'ids' in document ? document.ids : null;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > mostNames) throw wrong;
  return ids.map((id: unknown) => {
    if (typeof id !== 'string') throw wrong;
    return id;
  });
}

function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function reply(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(content)}\n`);
}
