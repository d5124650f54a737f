import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Metadata, status, type UntypedHandleCall } from '@grpc/grpc-js';
import { type EtcdMethod, watchMethods } from '../../../protocol/etcd/methods.ts';
import { GatewayCall, type Outcome } from './gateway-call.ts';
import { errorBody, httpStatusOf, streamErrorBody } from './http-errors.ts';
import { writeMessage } from './write-message.ts';

/**
 * A streaming call of the gateway: results as JSON, one a line. A caller that does not read holds back its own stream alone; nothing but what
 * the call itself keeps waits for it.
 */
export class GatewayStream {
  readonly #method: EtcdMethod;
  readonly #response: ServerResponse;
  readonly #call: GatewayCall;
  #unanswered = 0;

  constructor(method: EtcdMethod, socket: Socket, metadata: Metadata, response: ServerResponse) {
    this.#method = method;
    this.#response = response;
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#call = new GatewayCall(method.path, peer, metadata, {
      messages: (messages, taken) => this.#write(messages, taken),
      ended: (outcome) => this.#ended(outcome),
    });
    response.on('close', () => this.#call.cancel());
  }

  start(handler: UntypedHandleCall, requests: readonly Buffer[]): void {
    this.#call.request = requests[0] ?? Buffer.alloc(0);
    this.#unanswered = requests.length;
    (handler as unknown as (call: GatewayCall) => void)(this.#call);
    if (!this.#method.requestStream) return;
    for (const request of requests) this.#call.push(request);
    if (requests.length === 0) this.#halfClose();
  }

  #write(messages: readonly Buffer[], taken: () => void): void {
    const response = this.#response;
    if (!response.headersSent) this.#head(200);
    let lines = '';
    for (const message of messages) lines += `{"result":${writeMessage(this.#method.response, message)}}\n`;
    const room = response.write(lines);
    const before = this.#unanswered;
    this.#unanswered -= messages.length;
    if (before > 0 && this.#unanswered <= 0) this.#halfClose();
    if (room) taken();
    else response.once('drain', taken);
  }

  /** The caller has nothing more to ask. A watch goes on all the same, and other calls end, once everything is answered. */
  #halfClose(): void {
    if (this.#method !== watchMethods.watch) this.#call.push(null);
  }

  #ended({ code, details }: Outcome): void {
    const response = this.#response;
    if (response.destroyed) return;
    if (response.headersSent) {
      response.end(code === status.OK ? undefined : `${streamErrorBody(code, details)}\n`);
      return;
    }
    this.#head(httpStatusOf(code));
    if (code === status.OK) response.end();
    else if (this.#method.requestStream) response.end(`${streamErrorBody(code, details)}\n`);
    else response.end(errorBody(code, details));
  }

  #head(code: number): void {
    this.#response.writeHead(code, {
      'content-type': 'application/json',
      'grpc-metadata-content-type': 'application/grpc',
    });
  }
}
