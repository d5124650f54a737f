import { TanistError } from '../../foundation/errors.ts';
import type {
  AddressFacts,
  ContentKey,
  HeldObject,
  Holding,
  SandboxFacts,
} from '../../ports/dependency-registry.ts';

/**
 * Keys in the space `planes`. All but the log of requests are on the lease of the sandbox that wrote them:
 * `dep/s/SANDBOX` who it is; `dep/k/ALGORITHM/DIGEST/SANDBOX` that it holds or fetches what has this content key.
 */
export const sandboxPrefix = 'dep/s/';
export const holdingPrefix = 'dep/k/';

const idPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const namePattern = /^[\w.@/-]{0,128}$/;

/** Fails as `invalid-argument`. */
export function checkSandboxId(id: string): string {
  if (idPattern.test(id)) return id;
  throw new TanistError(
    'invalid-argument',
    `${JSON.stringify(id.slice(0, 80))} is no id of a sandbox: it takes 1 to 63 of a-z, 0-9 and -, not - first`,
  );
}

/** Fails as `invalid-argument`. */
export function checkSandbox(facts: SandboxFacts): SandboxFacts {
  checkSandboxId(facts.id);
  for (const [name, text] of [
    ['application', facts.application],
    ['zone', facts.zone],
    ['instance', facts.instance],
  ] as const)
    if (!namePattern.test(text))
      throw new TanistError(
        'invalid-argument',
        `the ${name} ${JSON.stringify(text.slice(0, 80))} must be at most 128 letters, digits and . _ @ / -`,
      );
  if (!/^[^\s/?#@]{1,255}:\d{1,5}$/.test(facts.address))
    throw new TanistError(
      'invalid-argument',
      `the address ${JSON.stringify(facts.address)} must be host:port`,
    );
  return facts;
}

export const sandboxKey = (id: string): string => `${sandboxPrefix}${id}`;
export const holdersPrefix = ({ algorithm, digest }: ContentKey): string =>
  `${holdingPrefix}${algorithm}/${digest}/`;
export const holdingKey = (key: ContentKey, sandbox: string): string => `${holdersPrefix(key)}${sandbox}`;

/** `drawnMs`: when its join was drawn; null: it did not say. */
export const encodeSandbox = (facts: SandboxFacts, drawnMs: number | null = null): string =>
  JSON.stringify(drawnMs === null ? facts : { ...facts, drawnMs });

/** When the join of that row was drawn; null: it did not say. */
export function drawnMsOf(value: Uint8Array): number | null {
  const drawnMs = record(value)?.drawnMs;
  return typeof drawnMs === 'number' ? drawnMs : null;
}

export function decodeSandbox(value: Uint8Array): SandboxFacts | null {
  const row = record(value);
  if (row === null) return null;
  const { id, address, application, zone, instance } = row;
  return typeof id === 'string' &&
    typeof address === 'string' &&
    typeof application === 'string' &&
    typeof zone === 'string' &&
    typeof instance === 'string'
    ? { id, address, application, zone, instance }
    : null;
}

/** Short names: there is a row for each object of each sandbox. */
interface HoldingRow {
  readonly a: string;
  readonly z?: string;
  readonly h?: string;
  readonly s?: number;
  readonly u?: AddressFacts;
}

export function encodeFetching({ address, zone }: SandboxFacts): string {
  return JSON.stringify({ a: address, ...(zone === '' ? {} : { z: zone }) } satisfies HoldingRow);
}

export function encodeHeld({ address, zone }: SandboxFacts, held: HeldObject, key: ContentKey): string {
  return JSON.stringify({
    a: address,
    ...(zone === '' ? {} : { z: zone }),
    h: held.sha256,
    s: held.size,
    ...(key.algorithm === 'url' && held.answer !== undefined ? { u: held.answer } : {}),
  } satisfies HoldingRow);
}

/** Null: not written by this program. */
export function decodeHolding(key: Uint8Array, value: Uint8Array): Holding | null {
  const path = Buffer.from(key).toString('utf8');
  const sandbox = path.slice(path.lastIndexOf('/') + 1);
  const row = record(value);
  if (row === null || typeof row.a !== 'string') return null;
  const by = { sandbox, address: row.a, zone: typeof row.z === 'string' ? row.z : '' };
  if (row.h === undefined) return { ...by, state: 'fetching' };
  if (typeof row.h !== 'string' || !/^[0-9a-f]{64}$/.test(row.h)) return null;
  if (typeof row.s !== 'number' || !Number.isSafeInteger(row.s) || row.s < 0) return null;
  const answer = addressFacts(row.u);
  return { ...by, state: 'held', sha256: row.h, size: row.s, ...(answer === null ? {} : { answer }) };
}

export function addressFacts(from: unknown): AddressFacts | null {
  if (typeof from !== 'object' || from === null) return null;
  const row = from as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '');
  const { fetchedMs, freshUntilMs } = row;
  if (typeof fetchedMs !== 'number' || typeof freshUntilMs !== 'number') return null;
  return {
    fetchedMs,
    freshUntilMs,
    etag: text('etag'),
    lastModified: text('lastModified'),
    contentType: text('contentType'),
    contentEncoding: text('contentEncoding'),
  };
}

function record(value: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
