import type { NodeId } from '../../foundation/ids.ts';
import { type BeyondReplica, saidBeyond } from '../promotion/beyond-replica.ts';
import { contentOfCold } from './cold-content.ts';
import type { ColdReplica } from './cold-replica.ts';
import type { ColdStore } from './cold-store.ts';

/** A cold replica as its member runs it, and its store with it. It keeps no index of forks in memory: those who hold them say them. */
export function beyondCold(self: NodeId, replica: ColdReplica, store: ColdStore): BeyondReplica {
  const members = (): ReturnType<BeyondReplica['members']> => store.newest?.members ?? [];
  return {
    said: (leader) =>
      saidBeyond(self, 'cold', leader, store.newest ?? null, { members: members(), forks: [] }),
    members,
    isWhole: () => store.held() !== null,
    content: () => contentOfCold(store, replica.ageMs),
    // Its values are on the disk, one read each.
    pin: async () => null,
    start: () => replica.start(),
    pause: () => replica.pause(),
    resume: () => replica.resume(),
    stop: async () => {
      await replica.stop();
      await store.close();
    },
  };
}
