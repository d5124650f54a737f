import { TanistError } from '../../foundation/errors.ts';
import type { ContentKey } from '../../ports/dependency-registry.ts';
import { isContentKey, keysOfIntegrity } from '../content-key.ts';

/** Where one version's tarball is, and what its bytes are. */
export interface TarballFacts {
  readonly url: string;
  /** Strongest first; empty: the registry says nothing. */
  readonly keys: readonly ContentKey[];
  readonly version: string;
}

export interface RewrittenPackument {
  readonly body: Buffer;
  /** By the last part of the tarball's address here. */
  readonly tarballs: ReadonlyMap<string, TarballFacts>;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A package's metadata with the addresses of its tarballs led here: `BASE/NAME/-/FILE`, FILE as upstream has it. Nothing else is changed, full or abbreviated.
 * Fails as `upstream-failed` where it is no packument, or one of another package.
 */
export function rewritePackument(name: string, text: string, base: string): RewrittenPackument {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new TanistError('upstream-failed', `what the registry sent as metadata of ${name} is no JSON`);
  }
  if (!isObject(parsed) || (parsed.name !== undefined && parsed.name !== name))
    throw new TanistError('upstream-failed', `what the registry sent is no metadata of ${name}`);
  const tarballs = new Map<string, TarballFacts>();
  const versions: Record<string, unknown> = {};
  for (const [version, manifest] of Object.entries(isObject(parsed.versions) ? parsed.versions : {}))
    versions[version] = rewriteManifest(name, version, manifest, base, tarballs);
  const body = isObject(parsed.versions)
    ? { ...parsed, versions }
    : rewriteManifest(name, String(parsed.version ?? ''), parsed, base, tarballs);
  return { body: Buffer.from(JSON.stringify(body)), tarballs };
}

function rewriteManifest(
  name: string,
  version: string,
  manifest: unknown,
  base: string,
  tarballs: Map<string, TarballFacts>,
): unknown {
  if (!isObject(manifest) || !isObject(manifest.dist)) return manifest;
  const { dist } = manifest;
  const { tarball, integrity, shasum } = dist;
  if (typeof tarball !== 'string' || !URL.canParse(tarball)) return manifest;
  const last = new URL(tarball).pathname.split('/').at(-1) ?? '';
  // Addresses that do not end with a name of their own get one: two versions must not meet.
  const plain = /^[\w.~!'()*@+-]+\.tgz$/.test(last) && !last.startsWith('.') ? last : '';
  const taken = tarballs.get(plain);
  const file =
    plain !== '' && (taken === undefined || taken.version === version)
      ? plain
      : `${name.split('/').at(-1)}-${version.replaceAll(/[^\w.+-]/g, '_')}.tgz`;
  const keys = [
    ...(typeof integrity === 'string' ? keysOfIntegrity(integrity) : []),
    ...(typeof shasum === 'string' && isContentKey('sha1', shasum.toLowerCase())
      ? [{ algorithm: 'sha1' as const, digest: shasum.toLowerCase() }]
      : []),
  ];
  const unique = keys.filter((key, i) => keys.findIndex((other) => other.algorithm === key.algorithm) === i);
  tarballs.set(file, { url: tarball, keys: unique, version });
  return { ...manifest, dist: { ...dist, tarball: `${base}/${name}/-/${file}` } };
}
