import { asBuffer } from '../../foundation/bytes.ts';
import type { ResourceId } from '../resource-id.ts';

/**
 * Keys of the mirrors in the space `planes`:
 * - `mirrors/live/v/SOURCE/KEY` value, `c` check, `w` wanted, `l` claim (on a lease), `b/SOURCE` budget, `s/SOURCE` config: what every in-process
 *   mirror follows;
 * - `mirrors/history/SOURCE/KEY`: when it changed;
 * - `mirrors/refresher/ID`, `mirrors/report/ID`: processes, on their leases.
 */
export const livePrefix = 'mirrors/live/';
export const refresherPrefix = 'mirrors/refresher/';
export const reportPrefix = 'mirrors/report/';

export type LiveKind = 'value' | 'check' | 'wanted' | 'claim' | 'budget' | 'source';

const letters: Readonly<Record<LiveKind, string>> = {
  value: 'v',
  check: 'c',
  wanted: 'w',
  claim: 'l',
  budget: 'b',
  source: 's',
};
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter, kind as LiveKind]));

export function liveKey(kind: 'value' | 'check' | 'wanted' | 'claim', id: ResourceId): string {
  return `${livePrefix}${letters[kind]}/${id.source}/${id.key}`;
}

export function sourceKey(kind: 'budget' | 'source', source: string): string {
  return `${livePrefix}${letters[kind]}/${source}`;
}

export function historyKey(id: ResourceId): string {
  return `mirrors/history/${id.source}/${id.key}`;
}

/** What a key below `livePrefix` is about: `name` is a resource's id, or a source's name. Null: none of ours. */
export function parseLiveKey(key: Uint8Array): { readonly kind: LiveKind; readonly name: string } | null {
  const text = asBuffer(key).toString('utf8', livePrefix.length);
  const kind = text[1] === '/' ? kinds.get(text[0] ?? '') : undefined;
  return kind === undefined ? null : { kind, name: text.slice(2) };
}
