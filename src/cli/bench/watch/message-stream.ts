import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { TanistError } from '../../../foundation/errors.ts';
import { grpcFrame } from '../../../local/etcd/etcd-messages.ts';

const windowBytes = 16 * 1024 * 1024;

/**
 * One gRPC stream over HTTP/2 as it is: takes messages off the wire at less than a microsecond each, where a client library would be the
 * limit of the measurement.
 */
export class MessageStream {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #received: (message: Buffer) => void;
  #rest: Buffer | null = null;

  constructor(
    endpoint: string,
    method: string,
    received: (message: Buffer) => void,
    lost: (error: Error) => void,
  ) {
    this.#received = received;
    this.#session = connect(`http://${endpoint}`, { settings: { initialWindowSize: windowBytes } });
    this.#session.on('connect', () => this.#session.setLocalWindowSize(windowBytes));
    this.#session.on('error', lost);
    this.#stream = this.#session.request(
      { ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers' },
      { endStream: false },
    );
    this.#stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#stream.on('error', lost);
    this.#stream.on('trailers', (trailers) =>
      lost(
        new TanistError('unavailable', `the watch stream ended: ${trailers['grpc-message'] ?? 'no reason'}`),
      ),
    );
  }

  send(message: Uint8Array): void {
    this.#stream.write(grpcFrame(message));
  }

  close(): void {
    this.#session.removeAllListeners('error');
    this.#stream.removeAllListeners('error');
    this.#stream.removeAllListeners('trailers');
    this.#session.on('error', () => {});
    this.#stream.on('error', () => {});
    this.#session.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 5) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#received(bytes.subarray(at + 5, end));
      at = end;
    }
    bytes = at === 0 ? bytes : bytes.subarray(at);
    this.#rest = bytes.length === 0 ? null : bytes;
  }
}
