import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type handleUnaryCall, Metadata, type Server, status } from '@grpc/grpc-js';
import { limits } from '../../foundation/limits.ts';
import { lineageHeader } from '../../protocol/lineage-metadata.ts';
import { interceptStreams } from '../../transport/http2-streams.ts';

/** How a call fails. */
export interface CallError {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** Answers a unary call, encoded as gRPC brings it; once, now or later. */
export type UnaryHandler = (
  request: Buffer,
  reply: UnaryReply,
  metadata: Metadata,
  caller?: Cancellable,
) => void;
export type UnaryReply = (error: CallError | null, response: Buffer | null) => void;

/** Whoever waits for an answer and may stop waiting; a grpc-js call is one. */
export interface Cancellable {
  readonly cancelled: boolean;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** A method, of which the calls may be counted. */
export interface UnaryMethod {
  readonly handler: UnaryHandler;
  readonly counts?: { started: number; ended(code: status): void };
  /** How an API says what a handler threw. */
  readonly caught: (error: unknown) => CallError;
  /** How it says that a client leaves too much unread. */
  readonly overloaded: () => CallError;
}

/** For grpc-js, which serves what has no direct way. */
export function handledByGrpc({ handler, counts }: UnaryMethod): handleUnaryCall<Buffer, Buffer> {
  return (call, done) => {
    if (counts !== undefined) counts.started += 1;
    handler(
      call.request,
      (error, response) => {
        counts?.ended(error === null ? status.OK : error.code);
        done(error, response);
      },
      call.metadata,
      call,
    );
  };
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const respondOptions = { waitForTrailers: true, sendDate: false } as const;
const trailersOnly = { endStream: true, sendDate: false } as const;
const okTrailers = { 'grpc-status': '0' };
const frameHeadBytes = 5;
/** Answers up to this size are not counted; the number of streams of a connection bounds them. */
const smallBytes = 1024;
const mostWaitingBytes = 4 * limits.messageBytes;
const waitingBytes = new WeakMap<Http2Session, number>();

/**
 * Serves unary calls on the HTTP/2 streams themselves: grpc-js's layers between a stream and a handler cost more than everything that
 * Tanist does for a hot one, and bound nothing of what a connection has waiting. All else (other methods, compressed messages, other content) stays with grpc-js, and so
 * does the connection. Call it once the server is bound. False: this grpc-js is built otherwise, and serves everything itself.
 */
export function serveUnaryStreams(server: Server, methods: ReadonlyMap<string, UnaryMethod>): boolean {
  return interceptStreams(
    server,
    (next) =>
      function (stream, headers, flags) {
        const method = methods.get(headers[':path'] ?? '');
        if (method !== undefined && isPlain(headers)) new UnaryStream(stream, headers, method);
        else next.call(this, stream, headers, flags);
      },
  );
}

function isPlain(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  return headers[':method'] === 'POST' && headers['content-type']?.startsWith('application/grpc') === true;
}

/** One call. The request is a single frame; whatever else arrives is refused. */
class UnaryStream implements Cancellable {
  readonly #stream: ServerHttp2Stream;
  readonly #metadata: Metadata;
  readonly #method: UnaryMethod;
  #first: Buffer | null = null;
  #more = nothing;
  #receivedBytes = 0;
  #answered = false;
  #goneIsCounted = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: UnaryMethod) {
    this.#stream = stream;
    this.#metadata = metadataOf(headers);
    this.#method = method;
    if (method.counts !== undefined) method.counts.started += 1;
    stream.on('error', ignore);
    stream.on('data', (bytes: Buffer) => this.#data(bytes));
    stream.on('end', () => this.#end());
  }

  get cancelled(): boolean {
    return this.#isGone && !this.#answered;
  }

  /** Its client reset it or went. A closed stream is destroyed only later, and until then throws when it is answered. */
  get #isGone(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  /** Who counts calls hears of it when there would be something to answer. */
  #isGoneNow(): boolean {
    if (!this.#isGone) return false;
    if (!this.#goneIsCounted) this.#method.counts?.ended(status.CANCELLED);
    this.#goneIsCounted = true;
    return true;
  }

  once(_event: 'cancelled', listener: () => void): void {
    this.#stream.once('close', () => {
      if (this.cancelled) listener();
    });
  }

  #data(bytes: Buffer): void {
    if (this.#answered) return;
    this.#receivedBytes += bytes.length;
    if (this.#first === null) this.#first = bytes;
    else if (this.#more === nothing) this.#more = [bytes];
    else this.#more.push(bytes);
    if (this.#receivedBytes > limits.messageBytes + frameHeadBytes)
      this.#fail(tooLarge(this.#receivedBytes - frameHeadBytes));
  }

  #end(): void {
    if (this.#answered || this.#isGoneNow()) return;
    const received =
      this.#first === null || this.#more.length === 0
        ? this.#first
        : Buffer.concat([this.#first, ...this.#more]);
    this.#forget();
    const refusal = refusalOf(received);
    if (received === null || refusal !== null) {
      this.#fail(refusal ?? nothingReceived());
    } else {
      try {
        this.#method.handler(received.subarray(frameHeadBytes), this.#reply, this.#metadata, this);
      } catch (error) {
        this.#fail(this.#method.caught(error));
      }
    }
  }

  readonly #reply = (error: CallError | null, response: Buffer | null): void => {
    if (error !== null) this.#fail(error);
    else if (response !== null) this.#succeed(response);
  };

  #succeed(response: Buffer): void {
    const stream = this.#stream;
    if (this.#answered || this.#isGoneNow()) return;
    if (response.length > smallBytes && !this.#mayWait(response.length)) {
      this.#fail(this.#method.overloaded());
      return;
    }
    this.#answered = true;
    this.#method.counts?.ended(status.OK);
    const frame = Buffer.allocUnsafe(frameHeadBytes + response.length);
    frame[0] = 0;
    frame.writeUInt32BE(response.length, 1);
    frame.set(response, frameHeadBytes);
    stream.respond(responseHeaders, respondOptions);
    stream.on('wantTrailers', sendOk);
    stream.end(frame);
  }

  /** A client that asks and does not read: its answers wait here, so what may wait for one connection is bounded. */
  #mayWait(bytes: number): boolean {
    const { session } = this.#stream;
    if (session === undefined) return false;
    const waiting = waitingBytes.get(session) ?? 0;
    if (waiting > 0 && waiting + bytes > mostWaitingBytes) return false;
    waitingBytes.set(session, waiting + bytes);
    this.#stream.once('close', () => {
      waitingBytes.set(session, (waitingBytes.get(session) ?? bytes) - bytes);
    });
    return true;
  }

  #fail({ code, details, metadata }: CallError): void {
    const stream = this.#stream;
    if (this.#answered || this.#isGoneNow()) return;
    this.#answered = true;
    this.#method.counts?.ended(code);
    stream.respond(
      {
        ...responseHeaders,
        ...metadata?.toHttp2Headers(),
        'grpc-status': String(code),
        'grpc-message': encodeURI(details),
      },
      trailersOnly,
    );
    this.#forget();
  }

  #forget(): void {
    this.#first = null;
    this.#more = nothing;
  }
}

/** Of what is no single whole message; in grpc-go's words, but that it leaves a second message aside. */
function refusalOf(received: Buffer | null): CallError | null {
  if (received === null || received.length === 0) return nothingReceived();
  if (received.length < frameHeadBytes) return { code: status.UNKNOWN, details: 'unexpected EOF' };
  const [flag] = received;
  const bytes = received.readUInt32BE(1);
  const left = received.length - frameHeadBytes - bytes;
  if (bytes > limits.messageBytes) return tooLarge(bytes);
  if (left < 0) return { code: status.UNKNOWN, details: 'unexpected EOF' };
  if (left > 0) return { code: status.INTERNAL, details: 'a unary call takes one message' };
  if (flag === 0) return null;
  const text =
    flag === 1
      ? 'compressed flag set with identity or empty encoding'
      : `received unexpected payload format ${flag}`;
  return { code: status.INTERNAL, details: `grpc: ${text}` };
}

function nothingReceived(): CallError {
  return { code: status.UNKNOWN, details: 'EOF' };
}

function tooLarge(bytes: number): CallError {
  const text = `grpc: received message larger than max (${bytes} vs. ${limits.messageBytes})`;
  return { code: status.RESOURCE_EXHAUSTED, details: text };
}

const nothing: Buffer[] = [];

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

function ignore(): void {}

const noMetadata = new Metadata();
const meaningful = ['token', 'authorization', 'hasleader', lineageHeader];

/**
 * What a caller says of itself is rare, and costly to turn into metadata. Headers are not kept: each is a string outside of the heap, and whatever a stream holds lives
 * until the next full collection, for V8 frees no object that has a native side in a small one. 300,000 such strings kept the loop waiting for 80 ms.
 */
function metadataOf(headers: IncomingHttpHeaders): Metadata {
  return meaningful.some((name) => headers[name] !== undefined)
    ? Metadata.fromHttp2Headers(headers)
    : noMetadata;
}
