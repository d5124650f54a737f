import type { Evidence } from '../../../src/chaos/traffic/part.ts';
import type { StateClient } from '../../../src/ports/state-client.ts';
import { type TrueEvent, Truth } from '../../../src/verification/truth.ts';

export type History = readonly TrueEvent[];

/** `k0=v0` at revision 2, `k1=v1` at 3, and so on. */
export function historyOfPuts(count: number): History {
  return Array.from({ length: count }, (_, i) => ({
    revision: i + 2,
    type: 'put',
    key: `k${i}`,
    value: `v${i}`,
  }));
}

/** What the end of a window says if this is its history. `hole`: a revision that no watch saw. `final`: what the keys were made by. */
export function evidenceOf(
  events: History,
  options: { readonly final?: History; readonly hole?: number } = {},
): Evidence {
  const truth = new Truth();
  const byRevision = new Map<number, TrueEvent[]>();
  for (const event of events)
    byRevision.set(event.revision, [...(byRevision.get(event.revision) ?? []), event]);
  for (const [revision, all] of [...byRevision].sort(([a], [b]) => a - b)) truth.add(revision, all);
  const final = new Map<string, { value: string; modRevision: number }>();
  for (const { type, key, value, revision } of options.final ?? events)
    if (type === 'put') final.set(key, { value, modRevision: revision });
    else final.delete(key);
  return {
    truth,
    truthLacks: options.hole === undefined ? null : `nobody saw revision ${options.hole}`,
    covers: (at) => at !== options.hole,
    final,
    client: {} as StateClient,
    giveUpMs: Number.POSITIVE_INFINITY,
    nowMs: () => 0,
  };
}
