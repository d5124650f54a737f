import { connect } from 'node:net';

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK (RFC 7541, 6.2.2): literals that are not indexed. */
function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]),
  );
}

/** Opens calls and resets each in the same packet (RFC 9113, 6.2 and 6.4). Resolves when the server has read all of it. */
export function resetAtOnce(port: number, path: string, contentType: string, count: number): Promise<void> {
  const headers = headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'x',
    'content-type': contentType,
    te: 'trailers',
  });
  const calls = Array.from({ length: count }, (_, i) => [
    frame(1, 4, 2 * i + 1, headers),
    frame(3, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8)),
  ]);
  const ping = frame(6, 0, 0, Buffer.from('allread!'));
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        Buffer.concat([
          Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
          frame(4, 0, 0, Buffer.alloc(0)),
          ...calls.flat(),
          ping,
        ]),
      ),
    );
    const seen: Buffer[] = [];
    socket.on('data', (bytes) => {
      seen.push(bytes);
      if (!Buffer.concat(seen).includes('allread!')) return;
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
