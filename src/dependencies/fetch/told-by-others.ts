import type { Clock } from '../../ports/clock.ts';
import {
  type AddressFacts,
  type ContentKey,
  type Holding,
  nothing,
} from '../../ports/dependency-registry.ts';
import type { Directory } from '../agent/directory.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { sha256Key } from '../content-key.ts';
import { type AddressRequest, doesFor, type KnownAnswer } from './address-request.ts';
import type { ObjectFetcher } from './object-fetcher.ts';

export interface OthersPorts {
  readonly cache: ObjectCache;
  readonly directory: Directory;
  readonly fetcher: ObjectFetcher;
  readonly clock: Clock;
  /** Resolves when that agent no longer fetches the key, or does not answer. */
  readonly arrival: (holding: Holding, key: ContentKey, signal: AbortSignal) => Promise<void>;
}

export type Told =
  | { readonly kind: 'found'; readonly found: KnownAnswer }
  /** That there is none. */
  | { readonly kind: 'missing'; readonly untilMs: number }
  /** Nobody knows: this agent asks for all. */
  | { readonly kind: 'claimed' };

/** What another agent was answered a moment ago, or is being answered now; null: ask for oneself. */
export async function toldByOthers(
  ports: OthersPorts,
  request: AddressRequest,
  key: ContentKey,
  signal: AbortSignal,
): Promise<Told | null> {
  const { directory, arrival } = ports;
  let over: { readonly over?: string } = {};
  // Once more where the one that asked does not answer: one of those that wait takes its place.
  for (let round = 0; round < 2; round++) {
    const claim = await directory.claim(key, over);
    if (claim === null) return null;
    if (claim.claimed) return { kind: 'claimed' };
    const found = await take(ports, request, key, claim.holdings);
    if (found !== null) return found;
    const fetching = claim.holdings.find(({ state }) => state === 'fetching');
    if (fetching === undefined) return null;
    await arrival(fetching, key, signal);
    const [now = []] = await directory.lookup([key]);
    const later = await take(ports, request, key, now);
    if (later !== null) return later;
    const { sandbox } = fetching;
    if (!now.some((each) => each.sandbox === sandbox && each.state === 'fetching')) return null;
    over = { over: sandbox };
  }
  return null;
}

async function take(
  { fetcher, cache, directory, clock }: OthersPorts,
  request: AddressRequest,
  key: ContentKey,
  holdings: readonly Holding[],
): Promise<Told | null> {
  let newest: { readonly sha256: string; readonly answer: AddressFacts } | null = null;
  for (const holding of holdings) {
    if (holding.state !== 'held' || holding.answer === undefined) continue;
    const { sha256, answer } = holding;
    if (doesFor(answer, request, clock.wallMs()) && answer.fetchedMs > (newest?.answer.fetchedMs ?? 0))
      newest = { sha256, answer };
  }
  if (newest === null) return null;
  const { sha256, answer } = newest;
  if (sha256 === nothing)
    return request.missingTtlMs > 0 ? { kind: 'missing', untilMs: answer.freshUntilMs } : null;
  const holders = holdings.filter((each) => each.state === 'held' && each.sha256 === sha256);
  try {
    const served = await fetcher.object({ keys: [sha256Key(sha256)], upstream: null, holdings: holders });
    const meta = served.kind === 'cached' ? served.meta : await served.kept;
    if (meta === null) return null;
    const named = await cache.addKeys(meta, [key], { [key.digest]: answer });
    void directory.holds(named, key);
    return { kind: 'found', found: { meta: named, facts: answer } };
  } catch {
    return null; // then from upstream
  }
}
