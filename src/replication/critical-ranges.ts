import { type ByteString, prefixEnd } from '../foundation/bytes.ts';
import type { PolicyTier } from '../ports/command.ts';
import type { KeyRange } from '../ports/replication.ts';

interface TierOfPrefix {
  readonly prefix: ByteString;
  readonly policy: { readonly tier: PolicyTier };
}

interface Open {
  readonly end: ByteString | null;
  readonly critical: boolean;
}

/** Spaces whose keys policies are for. */
const policySpaces = ['user', 'planes'] as const;
/** There is no empty key, and none is before this one. */
const firstKey = '\0' as ByteString;
const noEnd = '\0' as ByteString;

/** What warm replicas hold: what policies call critical, and all of `system`. Disjoint, in order, neighbours joined. */
export function warmRanges(policies: readonly TierOfPrefix[]): readonly KeyRange[] {
  const critical = criticalIntervals(policies);
  return [
    ...policySpaces.flatMap((space) => critical.map((range) => ({ space, ...range }))),
    { space: 'system', key: firstKey, rangeEnd: noEnd },
  ];
}

/**
 * The keys that policies call critical. The longest prefix wins as a whole: what another policy inside calls full is cut out. Disjoint and in order,
 * neighbours joined.
 */
export function criticalIntervals(policies: readonly TierOfPrefix[]): readonly Omit<KeyRange, 'space'>[] {
  const sorted = [...policies].sort((a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0));
  const found: { key: ByteString; rangeEnd: ByteString }[] = [];
  const open: Open[] = [];
  let at = firstKey;
  /** Everything up to `to` (null: to the end) is as the innermost open prefix says. */
  const advance = (to: ByteString | null): void => {
    const inner = open[open.length - 1];
    if (inner?.critical === true && (to === null || to > at)) {
      const last = found[found.length - 1];
      const rangeEnd = to ?? noEnd;
      if (last !== undefined && last.rangeEnd === at) last.rangeEnd = rangeEnd;
      else found.push({ key: at, rangeEnd });
    }
    if (to !== null && to > at) at = to;
  };
  const close = (): void => {
    const end = open[open.length - 1]?.end ?? null;
    advance(end);
    open.pop();
  };
  for (const { prefix, policy } of sorted) {
    for (let inner = open.at(-1); inner !== undefined && inner.end !== null && inner.end <= prefix; ) {
      close();
      inner = open.at(-1);
    }
    advance(prefix);
    const end = prefixEnd(prefix);
    open.push({ end: end === noEnd ? null : end, critical: policy.tier === 'critical' });
  }
  while (open.length > 0) {
    const last = open[open.length - 1]?.end ?? null;
    close();
    // The outer ones that reach as far have nothing left.
    if (last === null) break;
  }
  return found;
}
