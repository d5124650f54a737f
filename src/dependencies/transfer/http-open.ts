import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly httpAgent?: HttpAgent;
  readonly httpsAgent?: HttpsAgent;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Until the head of the answer is there. */
  readonly headMs: number;
}

const mostRedirects = 5;

/** The head of an answer; its body is read, or destroyed. Fails as `unavailable`, `deadline-exceeded`, `cancelled`. */
export function openOnce(url: URL, options: OpenOptions): Promise<IncomingMessage> {
  const { headers = {}, method = 'GET', signal, headMs } = options;
  const isHttps = url.protocol === 'https:';
  const send = isHttps ? httpsRequest : httpRequest;
  const agent = isHttps ? options.httpsAgent : options.httpAgent;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new TanistError('cancelled', `the request to ${url.host} was cancelled`));
      return;
    }
    let isLate = false;
    let isAnswered = false;
    const request = send(url, { method, headers, ...(agent === undefined ? {} : { agent }) });
    const timer = options.clock.after(headMs, () => {
      isLate = true;
      request.destroy();
    });
    const abort = (): void => void request.destroy();
    signal.addEventListener('abort', abort, { once: true });
    request.once('response', (response) => {
      isAnswered = true;
      timer.cancel();
      response.once('close', () => signal.removeEventListener('abort', abort));
      response.on('error', () => undefined); // whoever reads it hears of it
      resolve(response);
    });
    request.on('error', (error) => {
      timer.cancel();
      signal.removeEventListener('abort', abort);
      // A kept connection that the other side closed just now: nobody has read the request (Node.js, `request.reusedSocket`).
      const wasClosed = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      if (wasClosed && !isAnswered && !isLate && !signal.aborted && options.body === undefined) {
        resolve(openOnce(url, options));
        return;
      }
      reject(
        signal.aborted
          ? new TanistError('cancelled', `the request to ${url.host} was cancelled`)
          : isLate
            ? new TanistError('deadline-exceeded', `${url.host} does not answer within ${headMs} ms`)
            : new TanistError('unavailable', `${url.host} cannot be reached (${error.message})`, {
                cause: error,
              }),
      );
    });
    if (options.body === undefined) request.end();
    else void sendBody(request, options.body);
  });
}

/**
 * Follows redirects; `headersFor` says what each address is sent, so that nobody gets credentials that are another's. Fails as `upstream-failed` where they
 * go in a circle, too.
 */
export async function openFollowing(
  first: URL,
  headersFor: (url: URL) => Readonly<Record<string, string>>,
  options: OpenOptions,
): Promise<{ readonly response: IncomingMessage; readonly url: URL }> {
  let url = first;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await openOnce(url, { ...options, headers: headersFor(url) });
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return { response, url };
    response.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
    if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:'))
      throw new TanistError('upstream-failed', `${url.host} redirects to something that is no address`);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw new TanistError('upstream-failed', `${url.host} redirects from https to http`);
    url = next;
  }
  throw new TanistError('upstream-failed', `${first.host} redirects more than ${mostRedirects} times`);
}

async function sendBody(
  request: ReturnType<typeof httpRequest>,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const chunk of body)
      if (!request.write(chunk))
        await new Promise<void>((resolve) => {
          request.once('drain', resolve);
          request.once('close', resolve);
        });
    request.end();
  } catch {
    request.destroy();
  }
}
