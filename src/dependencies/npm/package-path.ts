import { mutant } from '../../foundation/mutants.ts';

/** What a request to an npm registry asks for. */
export type RegistryRequest =
  | { readonly kind: 'packument'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'tarball'; readonly name: string; readonly file: string }
  /** Search, audit, ping and the like: `/-/…`. */
  | { readonly kind: 'service'; readonly path: string }
  | { readonly kind: 'invalid'; readonly why: string };

/** npm's rules for new names, and the capitals of old ones. */
const part = /^[A-Za-z0-9~!'()*-][A-Za-z0-9._~!'()*-]{0,213}$/;
const versionPattern = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,255}$/;
const filePattern = /^[A-Za-z0-9~!'()*@_-][A-Za-z0-9._~!'()*@+-]{0,255}\.tgz$/;

const invalid = (why: string): RegistryRequest => ({ kind: 'invalid', why });

/** Whether it can be a package's name: it never leads out of a folder, or into another path of a registry. */
export function isPackageName(name: string): boolean {
  const [scope, base, more] = name.startsWith('@') ? name.slice(1).split('/') : ['', name];
  return (
    more === undefined &&
    base !== undefined &&
    part.test(base) &&
    (scope === '' ? !name.startsWith('@') : scope !== undefined && part.test(scope))
  );
}

/** `path`: of the request, percent-encoded as it came, without a query. */
export function parseRegistryPath(path: string): RegistryRequest {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return invalid('the path is not well encoded');
  }
  if (mutant.active === 'dependency-path-unchecked') return { kind: 'packument', name: decoded.slice(1) };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are refused
  if (/[\x00-\x1f\x7f\\]/.test(decoded)) return invalid('the path has characters that no name has');
  const parts = decoded.split('/').slice(1);
  if (parts.some((each) => each === '..' || each === '.')) return invalid('the path leads elsewhere');
  if (parts[0] === '-') return { kind: 'service', path };
  const name = parts[0]?.startsWith('@') ? `${parts.shift()}/${parts.shift() ?? ''}` : (parts.shift() ?? '');
  if (!isPackageName(name)) return invalid(`${JSON.stringify(name.slice(0, 80))} is no name of a package`);
  const [first, second, ...rest] = parts;
  if (first === undefined || (first === '' && second === undefined)) return { kind: 'packument', name };
  // yarn asks for scoped ones as /@scope/name/-/@scope/name-1.0.0.tgz
  if (first === '-' && second !== undefined) {
    const file = rest.length === 1 && second.startsWith('@') ? (rest[0] ?? '') : second;
    const isOne = rest.length === 0 || (rest.length === 1 && second.startsWith('@'));
    return isOne && filePattern.test(file)
      ? { kind: 'tarball', name, file }
      : invalid('that is no name of a tarball');
  }
  if (second === undefined && versionPattern.test(first)) return { kind: 'version', name, version: first };
  return invalid('that is nothing of a package');
}

/** The version in a tarball's usual name, `NAME-VERSION.tgz`; null: it has another. */
export function versionIn(name: string, file: string): string | null {
  const start = `${name.split('/').at(-1)}-`;
  const version = file.startsWith(start) ? file.slice(start.length, -'.tgz'.length) : '';
  return /^\d/.test(version) && versionPattern.test(version) ? version : null;
}

/** As registries write a name in an address. */
export const encodedName = (name: string): string => name.replace('/', '%2f');
