import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import { expectStatus, retryAfterMs } from '../outside/answer-status.ts';
import { HostRests } from '../outside/host-rests.ts';
import { openFollowing, openOnce } from '../outside/http-open.ts';
import type { RouteFor } from '../outside/routes.ts';
import { watchedBody } from '../outside/watched-body.ts';
import type { Incoming, Source } from '../transfer/source.ts';

export interface UpstreamOptions {
  readonly clock: Clock;
  /** What an address is sent beside its own headers: credentials. */
  readonly credentialsFor: (url: URL) => Readonly<Record<string, string>>;
  /** What whoever asks is known by there, as it may be told to others; empty: nothing. */
  readonly identityFor: (url: URL) => string;
  readonly route: RouteFor;
  readonly headMs: number;
  readonly stallMs: number;
}

/** The servers outside that objects come from. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #rests: HostRests;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#rests = new HostRests(options.clock);
  }

  identityFor(url: URL): string {
    return this.#options.identityFor(url);
  }

  /** The head of an answer, behind redirects. Fails as `unavailable`, `deadline-exceeded`, `upstream-failed`, `cancelled`; as `AnswerStatus` while a host rests. */
  async ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly response: IncomingMessage; readonly url: URL }> {
    const { credentialsFor } = this.#options;
    const headersFor = (each: URL): Readonly<Record<string, string>> => {
      this.#rests.check(each);
      return { ...headers, ...credentialsFor(each) };
    };
    const answer = await openFollowing(url, headersFor, this.#open(signal));
    this.#answered(answer.url, answer.response);
    return answer;
  }

  /** A request as it is, its redirects as they come. */
  async pass(
    url: URL,
    request: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: AsyncIterable<Uint8Array>;
    },
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    this.#rests.check(url);
    const headers = { ...this.#options.credentialsFor(url), ...request.headers };
    const response = await openOnce(url, { ...this.#open(signal), ...request, headers });
    this.#answered(url, response);
    return response;
  }

  body(response: IncomingMessage, url: URL): AsyncIterable<Buffer> {
    return watchedBody(response, url.host, this.#options.clock, this.#options.stallMs);
  }

  /** An object at an address. */
  source(address: URL, headers: Readonly<Record<string, string>> = {}): Source {
    return {
      name: address.host,
      sandbox: null,
      givesParts: false,
      open: async (from, _before, signal) => {
        const range: Readonly<Record<string, string>> = from > 0 ? { range: `bytes=${from}-` } : {};
        const asked = { 'accept-encoding': 'identity', ...headers, ...range };
        const { response, url } = await this.ask(address, asked, signal);
        expectStatus(response, url, 200, 206);
        return incomingOf(response, from, this.body(response, url));
      },
    };
  }

  #answered(url: URL, response: IncomingMessage): void {
    this.#rests.answered(url, response.statusCode ?? 0, retryAfterMs(response, this.#options.clock.wallMs()));
  }

  #open(signal: AbortSignal) {
    const { clock, headMs, route } = this.#options;
    return { clock, headMs, signal, route };
  }
}

/** Of a range that the server left aside, or answered otherwise than asked, the whole counts. */
export function incomingOf(response: IncomingMessage, from: number, body: AsyncIterable<Buffer>): Incoming {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers['content-range'] ?? '') ?? [];
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  if (response.statusCode === 206 && start !== undefined)
    return { totalBytes: Number(total), startsAt: Math.min(from, Number(start)), body };
  return { totalBytes: Number.isSafeInteger(length) ? length : null, startsAt: 0, body };
}
