import { asBuffer, byteStringOfText, prefixEnd, textOf } from '../../foundation/bytes.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { FinalKey } from '../../verification/guarantees/acknowledged.ts';

const pageKeys = 2000;

/** All keys under `prefix` as of one revision, page by page. Errors: those of a linearizable read. */
export async function readFinalKeys(
  client: StateClient,
  prefix: string,
): Promise<ReadonlyMap<string, FinalKey>> {
  const rangeEnd = textOf(prefixEnd(byteStringOfText(prefix)));
  const keys = new Map<string, FinalKey>();
  let page = await client.get(prefix, { rangeEnd, limit: pageKeys });
  const { revision } = page;
  for (;;) {
    let last = '';
    for (const { key, value, modRevision } of page.values) {
      last = asBuffer(key).toString();
      keys.set(last, { value: asBuffer(value).toString(), modRevision });
    }
    if (!page.more || last === '') return keys;
    page = await client.get(`${last}\0`, { rangeEnd, limit: pageKeys, revision });
  }
}

/** Forgets them, so many at a time that nobody waits for it. */
export async function deleteKeys(client: StateClient, keys: Iterable<string>): Promise<void> {
  const sorted = [...keys].sort();
  for (let i = 0; i < sorted.length; i += pageKeys) {
    const first = sorted[i];
    const last = sorted[Math.min(sorted.length, i + pageKeys) - 1];
    if (first !== undefined && last !== undefined) await client.delete(first, { rangeEnd: `${last}\0` });
  }
}
