import { eventually } from '../../local/eventually.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { Writes } from './record/writes.ts';

/**
 * A write that has to be acknowledged; its revision. Each attempt has a value of its own, so that one of unknown outcome is not written twice. Errors:
 * `unavailable`.
 */
export function mark(
  client: StateClient,
  writes: Writes,
  key: string,
  nextValue: () => string,
): Promise<number> {
  return eventually(async () => {
    const value = nextValue();
    const id = writes.began('marks', 'put', key, value);
    const { revision } = await client.put(key, value);
    writes.ended(id, { kind: 'acknowledged', revision });
    return revision;
  }, `no write of ${key} was acknowledged`);
}
