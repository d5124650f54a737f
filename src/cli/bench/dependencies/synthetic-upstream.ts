import { createCipheriv, createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UpstreamPackage {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface SyntheticUpstream {
  /** Ends with `/`. */
  readonly url: string;
  /** Sent so far: bodies of metadata and of tarballs. */
  readonly sent: { metadataBytes: number; tarballBytes: number };
  /** Of one copy of everything. */
  readonly metadataBytes: number;
  readonly tarballBytes: number;
  close(): void;
}

/** An npm registry of packages whose bytes are drawn from their names: one version each, metadata as large as abbreviated metadata tends to be. */
export async function startSyntheticUpstream(
  packages: readonly UpstreamPackage[],
  padBytes = 3000,
): Promise<SyntheticUpstream> {
  const bodies = new Map<string, { readonly tarball: () => Buffer; readonly metadata: Buffer }>();
  const sent = { metadataBytes: 0, tarballBytes: 0 };
  const server = createServer((request, response) => {
    const [name = '', file] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const found = bodies.get(name);
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const body = file === undefined ? found.metadata : found.tarball();
    if (file === undefined) sent.metadataBytes += body.length;
    else sent.tarballBytes += body.length;
    response.writeHead(200, {
      'content-length': String(body.length),
      'content-type': file === undefined ? 'application/json' : 'application/octet-stream',
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let metadataBytes = 0;
  let tarballBytes = 0;
  for (const { name, sizeBytes } of packages) {
    const bytes = bytesOf(name, sizeBytes);
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const dist = { tarball: `${url}${name}/-/${name.split('/').at(-1)}-1.0.0.tgz`, integrity };
    const versions = { '1.0.0': { name, version: '1.0.0', dist } };
    const metadata = Buffer.from(
      JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions, pad: 'x'.repeat(padBytes) }),
    );
    metadataBytes += metadata.length;
    tarballBytes += bytes.length;
    // Drawn again each time: hundreds of megabytes need not be in memory.
    bodies.set(name, { tarball: () => bytesOf(name, sizeBytes), metadata });
  }
  return {
    url,
    sent,
    metadataBytes,
    tarballBytes,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function bytesOf(name: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(name).digest();
  return createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(sizeBytes));
}
