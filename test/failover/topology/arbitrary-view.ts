import fc from 'fast-check';
import { Links } from '../../../src/failover/topology/links.ts';
import { defaultTierPolicy, type TierPolicy } from '../../../src/failover/topology/policy.ts';
import type { TopologyMember, TopologyView } from '../../../src/failover/topology/view.ts';
import { type NodeId, nodeId } from '../../../src/foundation/ids.ts';

/** Round trips between all, symmetric; null: not measured. */
export type Matrix = readonly (readonly (number | null)[])[];

export function linksOf(ids: readonly NodeId[], matrix: Matrix): Links {
  return new Links(
    ids.map((from, i) => [
      from,
      ids.flatMap((to, j) =>
        j > i ? [{ to, roundTripMs: matrix[i]?.[j] ?? null, bytesPerSecond: null }] : [],
      ),
    ]),
  );
}

const zones = ['a', 'b', 'c', 'd'] as const;

const member = fc.record({
  tier: fc.constantFrom('hot', 'warm', 'cold'),
  zone: fc.constantFrom(...zones),
  lost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
  ),
  aliveMs: fc.constantFrom(0, 100_000),
  trouble: fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant('its disk was found old') },
  ),
  learns: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
  wanted: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, fc.constant('hot' as const)),
  replaces: fc.boolean(),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
});

export interface Drawn {
  readonly view: TopologyView;
  readonly matrix: Matrix;
}

/** Any cluster at all; the first member leads. `whole`: all alive, settled and measured. */
export function arbitraryView(whole: boolean): fc.Arbitrary<Drawn> {
  const roundTrip = fc.double({ min: 0.1, max: 200, noNaN: true });
  const cell = whole ? roundTrip : fc.oneof({ weight: 9, arbitrary: roundTrip }, fc.constant(null));
  return fc
    .integer({ min: 1, max: 9 })
    .chain((size) =>
      fc.tuple(
        fc.array(member, { minLength: size, maxLength: size }),
        fc.array(fc.array(cell, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
      ),
    )
    .map(([drawn, matrix]) => {
      const members = drawn.map((each, i): TopologyMember => {
        const leads = i === 0;
        const tier = leads ? 'hot' : each.tier;
        const isWell = leads || whole;
        return {
          id: nodeId(`n${i}`),
          tier,
          voter: tier === 'hot' && (isWell || !each.learns),
          labels: { zone: each.zone },
          wanted: isWell || (tier === 'hot' && !each.learns) ? null : each.wanted,
          replaces: each.replaces ? nodeId('n1') : null,
          presence:
            isWell || each.lost === null
              ? { kind: 'alive', forMs: isWell ? 100_000 : each.aliveMs }
              : { kind: 'lost', forMs: each.lost },
          trouble: isWell ? null : each.trouble,
          score: each.score,
        };
      });
      const ids = members.map(({ id }) => id);
      return { view: { leader: nodeId('n0'), members, links: linksOf(ids, matrix) }, matrix };
    });
}

export const arbitraryPolicy: fc.Arbitrary<TierPolicy> = fc
  .record({
    hot: fc.constantFrom(null, 1, 2, 3, 5),
    warm: fc.constantFrom(null, 0, 1, 2, 3),
    cold: fc.constantFrom(null, 0, 1, 2),
    spread: fc.constantFrom(null, 'zone'),
    pinned: fc.constantFrom([], [nodeId('n1')]),
    hysteresis: fc.constantFrom(0.1, 0.2, 0.5),
  })
  .map((drawn) => ({ ...defaultTierPolicy, ...drawn }));
