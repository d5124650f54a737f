import type { ByteString } from '../../foundation/bytes.ts';
import { type Space, spaces } from '../../ports/delta.ts';

/** What a cold replica holds. Predictions are of the present, so they are no part of a snapshot. */
export const heldSpaces = ['user', 'planes', 'system'] as const satisfies readonly Space[];
export type HeldSpace = (typeof heldSpaces)[number];

export function isHeldSpace(space: Space): space is HeldSpace {
  return space !== 'predicted';
}

export function bySpace<T>(make: (space: HeldSpace) => T): Record<HeldSpace, T> {
  return { user: make('user'), planes: make('planes'), system: make('system') };
}

/** 8 hex digits: numbers order like their keys. */
export function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/*
 * The rows of a space lie by generation: what a base, or a `replace` within an increment, began. So a generation that nothing refers to any more is one
 * contiguous range. Within it by key and then by the number of the snapshot that wrote the row.
 */

/** The end of a range over keys with this prefix; none of ours has a character above 0xfe behind it. */
const afterAll = '\u00ff';

export const rowsPrefix = 'r/';

export function spacePrefix(space: HeldSpace): string {
  return `${rowsPrefix}${spaces.indexOf(space)}/`;
}

export function generationPrefix(space: HeldSpace, generation: number): string {
  return `${spacePrefix(space)}${hex8(generation)}/`;
}

/** Everything that starts with a prefix of ours, which ends in '/': '0' is the character behind it. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/**
 * A key of any bytes, such that the order stays and none is the beginning of another one: a zero byte becomes 0 1, the end is 0 0.
 */
export function keyPrefix(generation: string, key: ByteString): string {
  return `${generation}${escaped(key)}\0\0`;
}

/** Bounds of the rows of keys from `key` on; of the rows of all keys before it. */
export function keyBound(generation: string, key: ByteString): string {
  return `${generation}${escaped(key)}`;
}

export function rowKey(prefix: string, number: number): string {
  return `${prefix}${hex8(number)}`;
}

/** Behind the last row of the key. */
export function keyEnd(prefix: string): string {
  return `${prefix}${afterAll}`;
}

function escaped(key: ByteString): string {
  return key.includes('\0') ? key.replaceAll('\0', '\0\u0001') : key;
}

const numberLength = 8;

/** Key and number of a row of the generation; null: no such row. */
export function parseRowKey(
  generation: string,
  text: string,
): { readonly key: ByteString; readonly number: number } | null {
  const keyAt = text.length - numberLength - 2;
  if (keyAt <= generation.length || !text.startsWith(generation) || !text.startsWith('\0\0', keyAt))
    return null;
  const number = Number.parseInt(text.slice(keyAt + 2), 16);
  if (!Number.isSafeInteger(number)) return null;
  const key = text.slice(generation.length, keyAt);
  return { key: (key.includes('\0') ? key.replaceAll('\0\u0001', '\0') : key) as ByteString, number };
}
