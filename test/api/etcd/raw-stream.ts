import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../../src/protocol/etcd/codec.ts';
import type { EtcdMethod } from '../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../../src/protocol/etcd/schema.ts';

const same = (bytes: Buffer): Buffer => bytes;

/** A stream of etcd's API over objects. What the server says is kept in order until it is asked for. */
export class RawStream<Request extends AnySchema, Response extends AnySchema> {
  readonly #client: Client;
  readonly #method: EtcdMethod<Request, Response>;
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #arrived: Message<Response>[] = [];
  #waiting: ((message: Message<Response> | null) => void)[] = [];
  readonly #ended: Promise<ServiceError | null>;
  #tellEnd: (error: ServiceError | null) => void = () => {};
  over = false;

  constructor(
    endpoint: string,
    method: EtcdMethod<Request, Response>,
    headers: Readonly<Record<string, string>> = {},
    reads = true,
  ) {
    this.#method = method;
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    this.call = this.#client.makeBidiStreamRequest(method.path, same, same, metadata);
    this.#ended = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
    if (reads) this.read();
    this.call.on('error', (error: ServiceError) => this.#end(error));
    this.call.on('status', ({ code }) => {
      if (code === 0) this.#end(null);
    });
  }

  read(): void {
    this.call.on('data', (bytes: Buffer) => {
      const message = decodeMessage(this.#method.response, bytes);
      const next = this.#waiting.shift();
      if (next === undefined) this.#arrived.push(message);
      else next(message);
    });
  }

  send(request: Given<Request>): void {
    this.call.write(encodeMessage(this.#method.request, request));
  }

  sendBytes(bytes: Buffer): void {
    this.call.write(bytes);
  }

  /** Null: nothing came in `withinMs`, or the stream is over. */
  async next(withinMs = 10_000): Promise<Message<Response> | null> {
    const first = this.#arrived.shift();
    if (first !== undefined) return first;
    if (this.over) return null;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== take);
        resolve(null);
      }, withinMs);
      const take = (message: Message<Response> | null): void => {
        clearTimeout(timer);
        resolve(message);
      };
      this.#waiting.push(take);
    });
  }

  /** Why, null: in good order. */
  ended(): Promise<ServiceError | null> {
    return this.#ended;
  }

  close(): void {
    this.call.cancel();
    this.#client.close();
  }

  #end(error: ServiceError | null): void {
    this.over = true;
    this.#tellEnd(error);
    for (const waiting of this.#waiting) waiting(null);
    this.#waiting = [];
  }
}
