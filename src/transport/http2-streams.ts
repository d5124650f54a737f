import { constants, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Server, ServerWritableStream } from '@grpc/grpc-js';

export type StreamListener = (
  this: Http2Server,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
) => void;

/**
 * Puts a listener before grpc-js's own for new HTTP/2 streams: `wrap` gets what is there and gives what hears of them instead. Call it once the server is
 * bound. False: this grpc-js is built otherwise, and nothing was changed.
 */
export function interceptStreams(server: Server, wrap: (next: StreamListener) => StreamListener): boolean {
  const { http2Servers } = server as unknown as { readonly http2Servers?: unknown };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) return false;
  for (const http2 of http2Servers.keys() as Iterable<Http2Server>) {
    const others = http2.listeners('stream') as StreamListener[];
    if (others.length === 0) return false;
    const next: StreamListener = (stream, headers, flags) => {
      for (const other of others) other.call(http2, stream, headers, flags);
    };
    http2.removeAllListeners('stream');
    http2.on('stream', wrap(next));
  }
  return true;
}

/**
 * A client may reset a stream in the very packet that opens it. grpc-js answers what it does not serve (an unknown method, another content type) without
 * a look at that, and the answer throws where nobody can catch it: the process would end.
 */
export function dropClosedStreams(server: Server): void {
  interceptStreams(
    server,
    (next) =>
      function (stream, headers, flags) {
        if (stream.closed || stream.destroyed) stream.on('error', ignore);
        else next.call(this, stream, headers, flags);
      },
  );
}

/**
 * Ends a call of which the client takes nothing: its status, sent as grpc-js sends it, would wait behind what is not taken, and both would stay until the
 * client goes. The client hears that the call is cancelled. False: this grpc-js is built otherwise, and nothing was done.
 */
export function resetStream(call: ServerWritableStream<Buffer, Buffer>): boolean {
  const { call: inner } = call as unknown as {
    readonly call?: { readonly stream?: Partial<ServerHttp2Stream> };
  };
  const stream = inner?.stream;
  if (typeof stream?.close !== 'function') return false;
  stream.close(constants.NGHTTP2_CANCEL);
  return true;
}

function ignore(): void {}
