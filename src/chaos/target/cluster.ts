import type { Target } from '../target.ts';

/** What a cluster says of itself, whatever it is made of; the contracts are `Target`'s. */
export interface Cluster extends Pick<Target, 'leader' | 'heirs' | 'term' | 'transfer' | 'settled'> {
  close(): Promise<void>;
}
