import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';

export interface RawCall {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
}

/** A call as bytes. What is told of it: HTTP status, gRPC status, text and answered messages; or how the stream was reset. */
export function callRaw(session: ClientHttp2Session, { path, headers = {}, body }: RawCall): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let http = '';
    let code = '';
    let text = '';
    let bytes = 0;
    const note = (from: Readonly<Record<string, unknown>>): void => {
      http = String(from[':status'] ?? http);
      code = String(from['grpc-status'] ?? code);
      text = decodeURIComponent(String(from['grpc-message'] ?? text));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      const reset = stream.rstCode === 0 ? '' : ` reset ${stream.rstCode}`;
      resolve(http === '' ? reset.trim() : `${http} ${code} ${text}${bytes > 0 ? ' answered' : ''}${reset}`);
    });
    stream.end(body);
  });
}

/** With room for a message over the limit, beside others that are under way. */
export function openSession(endpoint: string): ClientHttp2Session {
  const session = connect(`http://${endpoint}`, { maxSessionMemory: 100 });
  session.on('error', () => {});
  return session;
}

/** A message of gRPC: flag, length, bytes. */
export function framed(message: Buffer, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
