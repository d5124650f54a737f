import { present } from '../../../foundation/assert.ts';
import { etcdClient } from '../../../local/etcd/etcd-client.ts';
import { openClient } from '../../client.ts';
import type { GeneratorStart } from './generator.ts';
import { sampleKey, sampleKeys, sampleRange, sampleValues } from './samples.ts';

/** What a generator asks of a store, by the number of a key; `sequence` chooses the value. */
export interface Operations {
  put(key: number, sequence: number): Promise<unknown>;
  /** Linearizable, of `range` keys. */
  get(key: number): Promise<unknown>;
  /** Of what the asked member itself has. */
  getSerializable(key: number): Promise<unknown>;
  /** Linearizable. */
  scan(key: number, keys: number): Promise<unknown>;
  /** In one transaction. */
  putAll(keys: readonly number[], sequence: number): Promise<unknown>;
  delete(key: number): Promise<unknown>;
}

/** By the native client, or by a plain client of etcd at its first endpoint. */
export async function operationsOf(start: GeneratorStart): Promise<Operations> {
  const keys = sampleKeys(start.keys);
  const values = sampleValues(start.valueBytes);
  const keyOf = (key: number): Uint8Array => present(keys[key], 'a key');
  const sampleOf = (sequence: number): Uint8Array => present(values[sequence % values.length], 'a value');
  const boundsOf = (key: number, count: number): readonly [Uint8Array, Uint8Array] => {
    const { from, to } = sampleRange(key, count, start.keys);
    return [sampleKey(from), sampleKey(to)];
  };
  const { range = 1 } = start;
  const operations = start.api === 'tanist' ? await native() : overEtcdApi();
  return range === 1 ? operations : { ...operations, get: (key) => operations.scan(key, range) };

  async function native(): Promise<Operations> {
    const client = await openClient(start.endpoints);
    return {
      put: (key, sequence) => client.put(keyOf(key), sampleOf(sequence)),
      get: (key) => client.get(keyOf(key)),
      getSerializable: (key) => client.get(keyOf(key), { consistency: 'serializable' }),
      scan: (key, count) => {
        const [from, rangeEnd] = boundsOf(key, count);
        return client.get(from, { rangeEnd });
      },
      putAll: (chosen, sequence) =>
        client.txn({
          if: [],
          // biome-ignore lint/suspicious/noThenProperty: a transaction has one
          then: chosen.map((key) => ({ put: keyOf(key), value: sampleOf(sequence) })),
        }),
      delete: (key) => client.delete(keyOf(key)),
    };
  }

  function overEtcdApi(): Operations {
    const client = etcdClient(start.endpoints);
    return {
      put: (key, sequence) => client.put(0, keyOf(key), sampleOf(sequence)),
      get: (key) => client.get(0, keyOf(key)),
      getSerializable: (key) => client.get(0, keyOf(key), { serializable: true }),
      scan: (key, count) => client.range(0, ...boundsOf(key, count)),
      putAll: (chosen, sequence) =>
        client.putAll(
          0,
          chosen.map((key) => [keyOf(key), sampleOf(sequence)]),
        ),
      delete: (key) => client.delete(0, keyOf(key)),
    };
  }
}
