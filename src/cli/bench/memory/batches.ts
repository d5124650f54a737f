import { randomOrder, sampleKey, sampleValues } from '../load/samples.ts';

export type Puts = readonly (readonly [Uint8Array, Uint8Array])[];

/** Every key once, in order, in batches of `batch`. */
export function* loadBatches(keys: number, batch: number, valueBytes: number): Generator<Puts> {
  const values = sampleValues(valueBytes);
  for (let at = 0; at < keys; at += batch)
    yield Array.from({ length: Math.min(batch, keys - at) }, (_, i) => putOf(at + i, at + i, values));
}

/** `count` keys drawn at random; a transaction has each key once at most, as etcd demands, so one drawn twice gives way to its neighbour. */
export function* overwriteBatches(
  count: number,
  keys: number,
  batch: number,
  valueBytes: number,
): Generator<Puts> {
  const values = sampleValues(valueBytes);
  const order = randomOrder(keys);
  const size = Math.min(batch, keys);
  for (let at = 0; at < count; at += size) {
    const chosen = new Set<number>();
    for (let i = at; chosen.size < Math.min(size, count - at); i++) {
      let key = order(i);
      while (chosen.has(key)) key = (key + 1) % keys;
      chosen.add(key);
    }
    yield [...chosen].map((key, i) => putOf(key, at + i, values));
  }
}

function putOf(
  key: number,
  sequence: number,
  values: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] {
  return [sampleKey(key), values[sequence % values.length] ?? new Uint8Array(0)];
}

/** Writes them, `inFlight` at a time; `written` hears of each. The first failure ends it. */
export async function writeAll(
  batches: Iterator<Puts>,
  inFlight: number,
  write: (puts: Puts) => Promise<unknown>,
  written: (puts: number) => void,
): Promise<void> {
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let next = batches.next(); next.done !== true; next = batches.next()) {
        await write(next.value);
        written(next.value.length);
      }
    }),
  );
}
