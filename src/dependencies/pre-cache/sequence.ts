import type { ContentKey } from '../../ports/dependency-registry.ts';
import { keyText, parseKeyText } from '../content-key.ts';

/** One thing that a sandbox asked for: a tarball of a package. */
export interface Item {
  /** `name/-/file`: where the agent's registry has it. Tells one item from another. */
  readonly path: string;
  /** Its strongest digest; null: none is known. */
  readonly key: ContentKey | null;
  /** 0: not known. */
  readonly sizeBytes: number;
}

/** What one sandbox asked for in one go, in its order: an installation. */
export interface RequestSequence {
  readonly application: string;
  readonly sandbox: string;
  /** ms since 1970, by the agent's clock. */
  readonly startedMs: number;
  readonly items: readonly Item[];
  /** Packages of it whose files were opened afterwards; null: nobody watched. */
  readonly used: readonly string[] | null;
  /** False: more may come. */
  readonly ended: boolean;
}

/** `dep/log/APPLICATION/TIME-SANDBOX`: on no lease, since it is for those that come later; of each application the oldest are removed. */
export const logPrefix = 'dep/log/';
export const planPrefix = 'dep/plan/';
export const mostSequences = 200;
/** An application's sequences are of some hundred items; what is longer is cut. */
export const mostItems = 5000;

const named = (application: string): string => encodeURIComponent(application);
export const applicationPrefix = (application: string): string => `${logPrefix}${named(application)}/`;
export const planKey = (sandbox: string): string => `${planPrefix}${sandbox}`;

export function logKey({ application, startedMs, sandbox }: RequestSequence): string {
  return `${applicationPrefix(application)}${String(Math.max(0, Math.round(startedMs))).padStart(14, '0')}-${sandbox}`;
}

/** In the name of a sequence's row; 0: it is none. */
export const startedMsOf = (key: string): number => Number(/\/(\d{14,})-[^/]*$/.exec(key)?.[1] ?? 0);

export function encodeSequence({
  application,
  sandbox,
  startedMs,
  items,
  used,
  ended,
}: RequestSequence): string {
  return JSON.stringify({
    application,
    sandbox,
    startedMs,
    items: items.slice(0, mostItems).map(encodeItem),
    used,
    ended,
  });
}

/** Null: not written by this program. */
export function decodeSequence(value: Uint8Array): RequestSequence | null {
  try {
    const row = JSON.parse(Buffer.from(value).toString('utf8')) as Readonly<Record<string, unknown>>;
    const { application, sandbox, startedMs, items, used, ended } = row;
    if (typeof application !== 'string' || typeof sandbox !== 'string' || typeof startedMs !== 'number')
      return null;
    return {
      application,
      sandbox,
      startedMs,
      items: decodeItems(items),
      used: Array.isArray(used) ? used.map(String) : null,
      ended: ended === true,
    };
  } catch {
    return null;
  }
}

export type EncodedItem = readonly [path: string, key: string, sizeBytes: number];
export const encodeItem = ({ path, key, sizeBytes }: Item): EncodedItem => [
  path,
  key === null ? '' : keyText(key),
  sizeBytes,
];

export function decodeItems(items: unknown): readonly Item[] {
  if (!Array.isArray(items)) return [];
  return items.slice(0, mostItems).flatMap((item: unknown): Item[] => {
    if (!Array.isArray(item)) return [];
    const [path, key, sizeBytes] = item as readonly unknown[];
    if (typeof path !== 'string' || typeof key !== 'string' || typeof sizeBytes !== 'number') return [];
    return [{ path, key: key === '' ? null : parseKeyText(key), sizeBytes }];
  });
}

/** The package that an item is of: `name` in `name/-/file`. */
export const packageOf = (path: string): string => path.split('/-/')[0] ?? path;
