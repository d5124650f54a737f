import { asError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { keyText } from '../content-key.ts';
import type { ObjectFetcher } from '../fetch/object-fetcher.ts';
import type { RegistryFace } from '../npm/registry-face.ts';
import { typicalBytes } from '../pre-cache/plan.ts';
import { decodeItems, type Item, planKey } from '../pre-cache/sequence.ts';

export interface AheadOptions {
  readonly state: StateClient;
  readonly clock: Clock;
  readonly cache: ObjectCache;
  readonly face: RegistryFace;
  readonly fetcher: ObjectFetcher;
  readonly sandbox: string;
  /** Room for what was not asked for yet. */
  readonly budgetBytes: number;
  readonly say: (text: string) => void;
}

const atOnce = 4;
const againMs = 1000;
/** What nobody asked for in so long is not kept for later. */
const mostAgeMs = 7 * 24 * 3_600_000;

/**
 * Downloads what the pre-cache service foretells for this sandbox, the newest plan alone; what older ones brought and nobody asked for makes room. What the
 * registry here does not list under that digest is left.
 */
export async function downloadAhead(options: AheadOptions, signal: AbortSignal): Promise<void> {
  const { state, clock, sandbox, say } = options;
  const key = planKey(sandbox);
  let run: AbortController | null = null;
  const begin = (value: Uint8Array): void => {
    run?.abort();
    run = new AbortController();
    void follow(options, itemsOf(value), AbortSignal.any([signal, run.signal]));
  };
  let isSaid = false;
  while (!signal.aborted) {
    try {
      let isFirst = true;
      for await (const { events } of state.watch(key, { signal })) {
        if (isFirst) for (const { value } of (await state.get(key)).values) begin(value);
        isFirst = false;
        isSaid = false;
        for (const { type, keyValue } of events) if (type === 'put') begin(keyValue.value);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isSaid) say(`what to download ahead cannot be heard (${asError(error).message})`);
      isSaid = true;
      await new Promise<void>((resolve) => void clock.after(againMs, resolve));
    }
  }
}

async function follow(options: AheadOptions, items: readonly Item[], signal: AbortSignal): Promise<void> {
  const { cache, clock, budgetBytes } = options;
  const kept = new Set(items.flatMap(({ key }) => (key === null ? [] : [keyText(key)])));
  const room = { budgetBytes, kept, sinceMs: clock.wallMs() - mostAgeMs };
  let underWay = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const item = items[next++];
      if (item === undefined) return;
      if (item.key === null || cache.has(item.key)) continue;
      const size = item.sizeBytes === 0 ? typicalBytes : item.sizeBytes;
      underWay += size;
      if (await cache.makeAheadRoom(underWay, room))
        await fetchOne(options, item, signal).catch(() => undefined); // the sandbox will ask for it itself
      underWay -= size;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function fetchOne(
  { face, fetcher }: AheadOptions,
  { path, key }: Item,
  signal: AbortSignal,
): Promise<void> {
  const [name = '', file = ''] = path.split('/-/');
  const wanted = await face.tarballs.request(name, file, signal);
  if (wanted === null || key === null || !wanted.keys.some((each) => keyText(each) === keyText(key))) return;
  const served = await fetcher.object({ ...wanted, ahead: true });
  if (served.kind === 'coming') await served.kept;
}

function itemsOf(value: Uint8Array): readonly Item[] {
  try {
    return decodeItems(
      (JSON.parse(Buffer.from(value).toString('utf8')) as { readonly items?: unknown }).items,
    );
  } catch {
    return [];
  }
}
