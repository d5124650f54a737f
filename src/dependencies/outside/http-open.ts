import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RouteFor } from './routes.ts';

export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly route: RouteFor;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Until the head of the answer is there. */
  readonly headMs: number;
}

const mostRedirects = 5;

/** The head of an answer; its body is read, or destroyed. Fails as `unavailable`, `deadline-exceeded`, `cancelled`. */
export function openOnce(url: URL, options: OpenOptions): Promise<IncomingMessage> {
  const { signal, headMs } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new TanistError('cancelled', `the request to ${url.host} was cancelled`));
      return;
    }
    let isOver = false;
    const request = send(url, options);
    const settled = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    };
    // Said at once: a request that has no connection yet says nothing when it is destroyed.
    const giveUp = (error: TanistError): void => {
      isOver = true;
      settled();
      reject(error);
      request.destroy();
    };
    const timer = options.clock.after(headMs, () =>
      giveUp(new TanistError('deadline-exceeded', `${url.host} does not answer within ${headMs} ms`)),
    );
    const abort = (): void =>
      giveUp(new TanistError('cancelled', `the request to ${url.host} was cancelled`));
    signal.addEventListener('abort', abort, { once: true });
    request.once('response', (response) => {
      isOver = true;
      timer.cancel();
      response.once('close', () => signal.removeEventListener('abort', abort));
      response.on('error', () => undefined); // whoever reads it hears of it
      resolve(response);
    });
    request.on('error', (error) => {
      settled();
      // A kept connection that the other side closed just now: nobody has read the request (Node.js, `request.reusedSocket`).
      const wasClosed = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      if (wasClosed && !isOver && options.body === undefined) {
        resolve(openOnce(url, options));
        return;
      }
      reject(
        error instanceof TanistError
          ? error
          : new TanistError('unavailable', `${url.host} cannot be reached (${error.message})`, {
              cause: error,
            }),
      );
    });
    if (options.body === undefined) request.end();
    else void sendBody(request, options.body);
  });
}

function send(
  url: URL,
  { headers = {}, method = 'GET', route }: OpenOptions,
): ReturnType<typeof httpRequest> {
  const { agent, forward } = route(url);
  const request = (forward?.url ?? url).protocol === 'https:' ? httpsRequest : httpRequest;
  if (forward === null) return request(url, { method, headers, agent });
  const { authorization } = forward;
  const whole = { host: url.host, ...headers };
  return request(forward.url, {
    method,
    path: `${url.origin}${url.pathname}${url.search}`,
    headers: authorization === null ? whole : { ...whole, 'proxy-authorization': authorization },
    agent,
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
    const response = await openOnce(url, {
      ...options,
      headers: headersFor(mutant.active === 'dependency-credentials-redirected' ? first : url),
    });
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
