import { createCipheriv, createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

const hash = (algorithm: string, bytes: Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash(algorithm).update(bytes).digest(encoding);

/** A tarball as npm unpacks it: `package/package.json` and, to make it large, a file of bytes that do not compress. */
export function tarballOf(
  name: string,
  version: string,
  padBytes = 0,
  dependencies: Record<string, string> = {},
): Buffer {
  const manifest = Buffer.from(JSON.stringify({ name, version, dependencies }));
  const key = createHash('sha256').update(`${name}@${version}`).digest();
  const noise = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16)).update(
    Buffer.alloc(padBytes),
  );
  const files = [
    entry('package/package.json', manifest),
    entry('package/index.js', Buffer.from(`module.exports = '${name}';\n`)),
  ];
  if (padBytes > 0) files.push(entry('package/noise.bin', noise));
  return gzipSync(Buffer.concat([...files, Buffer.alloc(1024)]), { level: 1 });
}

function entry(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(
    `${[...header]
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

export interface FakePackage {
  readonly name: string;
  readonly version: string;
  readonly tarball: Buffer;
  readonly dependencies?: Record<string, string>;
}

export interface FakeRegistry {
  /** Ends with `/`. */
  readonly url: string;
  readonly packages: Map<string, FakePackage>;
  /** Requests by path. */
  readonly asked: Map<string, number>;
  readonly headers: IncomingMessage['headers'][];
  bytes: number;
  /** Answers in place of the registry; false: it does not. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** What is sent as the tarball, where it is not the one whose digest is listed. */
  altered: Buffer | null;
  etags: boolean;
  askedFor(suffix: string): number;
  /** As if the process was gone. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** An npm registry of a few packages, on a free port; with a certificate over https. */
export async function startFakeRegistry(
  packages: readonly FakePackage[],
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<FakeRegistry> {
  let server = createServer();
  let port = 0;
  const registry: FakeRegistry = {
    get url() {
      return `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}/`;
    },
    packages: new Map(packages.map((each) => [each.name, each])),
    asked: new Map(),
    headers: [],
    bytes: 0,
    intercept: () => false,
    altered: null,
    etags: false,
    askedFor: (suffix) =>
      [...registry.asked]
        .filter(([path]) => path.endsWith(suffix))
        .reduce((sum, [, count]) => sum + count, 0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    restart: () => listen(),
  };
  const listen = (): Promise<void> => {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      const path = decodeURIComponent(request.url ?? '/');
      registry.asked.set(path, (registry.asked.get(path) ?? 0) + 1);
      registry.headers.push(request.headers);
      if (registry.intercept(request, response)) return;
      answer(registry, path, request, response);
    };
    server = tls === null ? createServer(handle) : createTlsServer(tls, handle);
    return new Promise((resolve) =>
      server.listen(port, '127.0.0.1', () => {
        port = (server.address() as AddressInfo).port;
        resolve();
      }),
    );
  };
  await listen();
  return registry;
}

const longAgo = '2020-01-01T00:00:00.000Z';

export function packument(
  registry: FakeRegistry,
  { name, version, tarball, dependencies }: FakePackage,
): { readonly versions: Readonly<Record<string, { readonly dist: { readonly integrity: string } }>> } {
  const file = `${name.split('/').at(-1)}-${version}.tgz`;
  const dist = {
    tarball: `${registry.url}${name}/-/${file}`,
    shasum: hash('sha1', tarball, 'hex'),
    integrity: `sha512-${hash('sha512', tarball, 'base64')}`,
  };
  const all = {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { name, version, dependencies: dependencies ?? {}, dist } },
    // Long ago: package managers hold back what is younger than some days.
    time: { created: longAgo, modified: longAgo, [version]: longAgo },
  };
  return all;
}

function answer(
  registry: FakeRegistry,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [given = '', file] = path.slice(1).split('/-/');
  const [, name = given, version] =
    file === undefined ? (/^(@[^/]+\/[^/]+|[^@/][^/]*)\/([^/]+)$/.exec(given) ?? []) : [];
  const there = registry.packages.get(name);
  const found = version === undefined || version === there?.version ? there : undefined;
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not_found"}');
    return;
  }
  const whole = packument(registry, found);
  const body =
    file === undefined
      ? Buffer.from(JSON.stringify(version === undefined ? whole : whole.versions[version]))
      : (registry.altered ?? found.tarball);
  const etag = `"${hash('sha1', body, 'hex')}"`;
  if (registry.etags && request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  registry.bytes += body.length;
  const type = file === undefined ? 'application/json' : 'application/octet-stream';
  response.writeHead(200, {
    'content-type': type,
    'content-length': String(body.length),
    ...(registry.etags ? { etag } : {}),
  });
  response.end(body);
}

export function fakePackage(
  name: string,
  padBytes = 0,
  dependencies: Record<string, string> = {},
  version = '1.0.0',
): FakePackage {
  return { name, version, tarball: tarballOf(name, version, padBytes, dependencies), dependencies };
}
