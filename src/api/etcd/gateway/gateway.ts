import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { Metadata, status } from '@grpc/grpc-js';
import { encodeMessage } from '../../../protocol/etcd/codec.ts';
import type { EtcdMethod } from '../../../protocol/etcd/methods.ts';
import type { CallError, Cancellable } from '../../streams/unary-streams.ts';
import { caughtAsEtcdError, EtcdError } from '../etcd-error.ts';
import type { EtcdServices } from '../etcd-services.ts';
import { GatewayStream } from './gateway-stream.ts';
import { errorBody, httpStatusOf } from './http-errors.ts';
import { type Json, JsonError, JsonReader } from './json-reader.ts';
import { messagePieces, pieceBytes } from './large-message.ts';
import { bodyBytes, readBody } from './read-body.ts';
import { readMessage } from './read-message.ts';
import { gatewayMethods } from './routes.ts';
import { writeMessage } from './write-message.ts';

const metadataPrefix = 'grpc-metadata-';

/** etcd's JSON gateway: each of its paths is a call of the gRPC API, made within this process on the very handlers of the gRPC server. */
export class Gateway {
  readonly #etcd: Pick<EtcdServices, 'unary' | 'streams'>;

  constructor(etcd: Pick<EtcdServices, 'unary' | 'streams'>) {
    this.#etcd = etcd;
  }

  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = gatewayMethods.get(path);
    if (method === undefined) return answer(response, 404, errorBody(status.NOT_FOUND, 'Not Found'));
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return answer(response, 405, errorBody(status.UNIMPLEMENTED, 'Method Not Allowed'));
    }
    const body = await readBody(request).catch(() => undefined);
    if (body === undefined) return;
    if (body === null) {
      const text = `grpc: received message larger than max (more than ${bodyBytes} bytes of JSON)`;
      return fail(response, new EtcdError(status.RESOURCE_EXHAUSTED, text));
    }
    try {
      if (method.requestStream || method.responseStream) this.#stream(method, body, request, response);
      else this.#unary(method, body, request, response);
    } catch (error) {
      fail(response, caughtAsEtcdError(error));
    }
  }

  #unary(method: EtcdMethod, body: string, request: IncomingMessage, response: ServerResponse): void {
    const handler = this.#etcd.unary.get(method.path);
    if (handler === undefined) throw unimplemented(method);
    const encoded = encodeMessage(method.request, readMessage(method.request, firstOf(body)));
    handler(
      encoded,
      (error, reply) => {
        if (error !== null) fail(response, error);
        else if (reply !== null) succeed(response, method, reply);
      },
      metadataOf(request),
      callerOf(response),
    );
  }

  #stream(method: EtcdMethod, body: string, request: IncomingMessage, response: ServerResponse): void {
    const handler = this.#etcd.streams.get(method.path);
    if (handler === undefined) throw unimplemented(method);
    const requests = allOf(body, method);
    const stream = new GatewayStream(method, request.socket, metadataOf(request), response);
    stream.start(handler, requests);
  }
}

/** Only the first value counts; none is an empty message. */
function firstOf(body: string): Json {
  try {
    return new JsonReader(body).next() ?? null;
  } catch (error) {
    if (error instanceof JsonError) throw new EtcdError(status.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

/** etcd's gateway calls what is no JSON an unknown error in a stream. */
function allOf(body: string, method: EtcdMethod): readonly Buffer[] {
  const requests: Buffer[] = [];
  try {
    const reader = new JsonReader(body);
    for (let json = reader.next(); json !== undefined; json = reader.next())
      requests.push(encodeMessage(method.request, readMessage(method.request, json)));
  } catch (error) {
    if (error instanceof JsonError || error instanceof EtcdError)
      throw new EtcdError(method.requestStream ? status.UNKNOWN : status.INVALID_ARGUMENT, error.message);
    throw error;
  }
  return requests;
}

function unimplemented({ path }: EtcdMethod): EtcdError {
  const [, service = '', name = ''] = path.split('/');
  return new EtcdError(status.UNIMPLEMENTED, `unknown method ${name} for service ${service}`);
}

/** Who has gone before the answer was there waits no longer: for a lock, perhaps. */
function callerOf(response: ServerResponse): Cancellable {
  const caller = Object.assign(new EventEmitter(), { cancelled: false });
  response.on('close', () => {
    if (response.writableFinished) return;
    caller.cancelled = true;
    caller.emit('cancelled');
  });
  return caller;
}

function metadataOf({ headers }: IncomingMessage): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || name.endsWith('-bin')) continue;
    if (name === 'authorization') metadata.set(name, value);
    else if (name.startsWith(metadataPrefix) && name.length > metadataPrefix.length)
      metadata.set(name.slice(metadataPrefix.length), value);
  }
  return metadata;
}

/** A socket that takes all at once must not keep others from their turn. */
async function* turnByTurn(pieces: Iterable<string>): AsyncGenerator<string, void> {
  for (const piece of pieces) {
    yield piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Called from the node's own turns: does not throw. */
function succeed(response: ServerResponse, { response: schema }: EtcdMethod, reply: Buffer): void {
  try {
    response.setHeader('grpc-metadata-content-type', 'application/grpc');
    if (reply.length <= pieceBytes) answer(response, 200, writeMessage(schema, reply));
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      pipeline(Readable.from(turnByTurn(messagePieces(schema, reply))), response, () => {});
    }
  } catch (error) {
    fail(response, caughtAsEtcdError(error));
  }
}

function fail(response: ServerResponse, { code, details }: CallError): void {
  answer(response, httpStatusOf(code), errorBody(code, details));
}

function answer(response: ServerResponse, code: number, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
