import type { ByteString } from '../../foundation/bytes.ts';
import type { KeyValue } from '../../ports/delta.ts';

/** All that memory holds of one key. Made once a key; overwrites change it in place. */
export class KeyEntry {
  readonly key: ByteString;
  /** Null: deleted, but some older revision may still be read. */
  current: KeyValue | null = null;
  /** The element's share in the digest, int32 each; 0 when deleted. */
  hashA = 0;
  hashB = 0;
  /** Revisions before `current`, ascending, a tombstone negated. Null in the usual case of a single revision. */
  older: number[] | null = null;

  constructor(key: ByteString) {
    this.key = key;
  }
}

const shardBits = 6;
const shardMask = (1 << shardBits) - 1;

/**
 * Key → entry. Sharded, because a `Map` that doubles at a million entries holds the event loop for tens of ms, and so that
 * sweeping can go shard by shard.
 */
export class KeyTable {
  readonly #shards: Map<ByteString, KeyEntry>[] = Array.from({ length: 1 << shardBits }, () => new Map());

  static readonly shardCount = 1 << shardBits;

  get(key: ByteString): KeyEntry | undefined {
    return (this.#shards[shardOf(key)] as Map<ByteString, KeyEntry>).get(key);
  }

  add(entry: KeyEntry): void {
    (this.#shards[shardOf(entry.key)] as Map<ByteString, KeyEntry>).set(entry.key, entry);
  }

  remove(key: ByteString): void {
    (this.#shards[shardOf(key)] as Map<ByteString, KeyEntry>).delete(key);
  }

  /** Entries of one shard; removing while iterating is allowed. */
  shard(index: number): Iterable<KeyEntry> {
    return (this.#shards[index] as Map<ByteString, KeyEntry>).values();
  }
}

/** Mixes a few characters from both ends of what keys usually vary in; only balance depends on it. */
function shardOf(key: ByteString): number {
  const n = key.length;
  if (n < 4) return (n * 29 + (n > 0 ? key.charCodeAt(n - 1) * 31 : 0)) & shardMask;
  return (
    (key.charCodeAt(n - 1) * 31 +
      key.charCodeAt(n - 2) * 17 +
      key.charCodeAt(n - 4) * 7 +
      key.charCodeAt(n >>> 1) * 11) &
    shardMask
  );
}
