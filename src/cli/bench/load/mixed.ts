import { seededRandom } from '../../../foundation/random.ts';
import type { Operations } from './operations.ts';

const scanned = 100;
const inTransaction = 4;

/** Percent of each. */
const shares: readonly (readonly [keyof Operations, number])[] = [
  ['put', 50],
  ['get', 25],
  ['getSerializable', 10],
  ['scan', 5],
  ['putAll', 5],
  ['delete', 5],
];

/** For people. */
export const mixInWords =
  '50 % puts, 25 % linearizable and 10 % serializable reads, 5 % ranges of 100 keys, 5 % transactions of 4 puts, 5 % deletions';

/** A stranger mix than any one program's: all kinds of operations on keys drawn at random. `key`: that of the i-th. */
export function mixed(
  operations: Operations,
  keys: number,
  key: (sequence: number) => number,
): (sequence: number) => Promise<unknown> {
  const random = seededRandom('mix');
  // A length that shares no factor with that of the drawn keys, so that kinds and keys meet in ever new pairs.
  const kinds = Array.from({ length: 9973 }, () => drawn(random.below(100)));
  return (sequence) => {
    const at = key(sequence);
    switch (kinds[sequence % kinds.length]) {
      case 'get':
        return operations.get(at);
      case 'getSerializable':
        return operations.getSerializable(at);
      case 'scan':
        return operations.scan(at, Math.min(scanned, keys));
      case 'putAll':
        return operations.putAll(neighbours(at, keys), sequence);
      case 'delete':
        return operations.delete(at);
      default:
        return operations.put(at, sequence);
    }
  };
}

function drawn(percent: number): keyof Operations {
  let below = 0;
  for (const [kind, share] of shares) {
    below += share;
    if (percent < below) return kind;
  }
  return 'put';
}

/** Different ones, as a transaction must have. */
function neighbours(key: number, keys: number): readonly number[] {
  return Array.from({ length: Math.min(inTransaction, keys) }, (_, i) => (key + i) % keys);
}
