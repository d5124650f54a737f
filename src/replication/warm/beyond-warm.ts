import { textOf } from '../../foundation/bytes.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import { forkPrefix } from '../fork/fork-note.ts';
import { type BeyondReplica, saidBeyond } from '../promotion/beyond-replica.ts';
import { contentOfWarm } from './warm-content.ts';
import type { WarmReplica } from './warm-replica.ts';

/** A warm replica as its member runs it. */
export function beyondWarm(self: NodeId, replica: WarmReplica): BeyondReplica {
  const { state } = replica;
  return {
    said: (leader) =>
      saidBeyond(self, 'warm', leader, state.meta, { members: state.members, forks: forksHeld(state) }),
    members: () => state.members,
    isWhole: () => state.held !== null,
    content: () => contentOfWarm(state, replica.ageMs),
    pin: () => replica.pin(),
    start: () => replica.start(),
    pause: () => replica.pause(),
    resume: () => replica.resume(),
    stop: () => replica.stop(),
  };
}

function forksHeld({ ranges }: WarmReplica['state']): readonly Fork[] {
  const found: KeyValue[] = [];
  for (const held of ranges)
    if (held.range.space === 'system')
      for (const key of held.keys(forkPrefix, null, 1000))
        if (key.startsWith(forkPrefix)) found.push(...[held.get(key)].filter((value) => value !== null));
  return found.map(({ value }) => JSON.parse(textOf(value)) as Fork);
}
