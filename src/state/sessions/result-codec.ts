import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, leaseId } from '../../foundation/ids.ts';
import type { CommandResult } from '../../ports/result.ts';

/**
 * Results as values that msgpack carries. Nearly all kept results are puts that did not ask for the previous key, so those are a bare
 * number; the rest goes field by field, with leases (64 bits) as tagged text.
 */
export function encodeResult(result: CommandResult): unknown {
  if (result.kind === 'put' && result.previous === null) return result.revision;
  return encodeField(result);
}

export function decodeResult(encoded: unknown): CommandResult {
  if (typeof encoded === 'number') return { kind: 'put', revision: encoded, previous: null } as CommandResult;
  const result = decodeField(encoded);
  if (typeof result !== 'object' || result === null || !('kind' in result))
    throw new TanistError(
      'data-damaged',
      "a session's result cannot be read; rebuild this node's state image",
    );
  return result as CommandResult;
}

/** bigint → { '#': text }, arrays and plain objects field by field. */
function encodeField(value: unknown): unknown {
  if (typeof value === 'bigint') return { '#': value.toString() };
  if (Array.isArray(value)) return value.map(encodeField);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encodeField(field)]));
}

function decodeField(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeField);
  if (typeof value !== 'object' || value === null) return value;
  if ('#' in value) return leaseOf(String(value['#']));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, decodeField(field)]));
}

function leaseOf(text: string): LeaseId {
  return leaseId(BigInt(text));
}
