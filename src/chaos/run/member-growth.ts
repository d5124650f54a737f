import { growthOf } from '../../foundation/growth.ts';
import type { ProcessSample } from './process-watch.ts';
import type { MemberGrowth } from './result.ts';

/** Growth below these does not matter: caches fill. */
interface Negligible {
  readonly bytes: number;
  readonly descriptors: number;
}

/** How a member's memory and descriptors grew over these samples. */
export function memberGrowth(
  member: string,
  samples: readonly ProcessSample[],
  negligible: Negligible,
): MemberGrowth {
  return {
    member,
    resident: growthOf(
      samples.map(({ atMs, residentBytes }) => ({ atMs, value: residentBytes })),
      negligible.bytes,
    ),
    descriptors: growthOf(
      samples.map(({ atMs, descriptors }) => ({ atMs, value: descriptors })),
      negligible.descriptors,
    ),
  };
}
