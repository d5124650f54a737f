import { assert } from '../foundation/assert.ts';
import { type LogIndex, type NodeId, nodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Configuration, LogEntry } from '../ports/log-store.ts';
import type { MemberChange } from '../ports/membership.ts';

/**
 * The payload of a `configuration` entry: JSON with the members sorted, so equal configurations have equal bytes. `change`: what else the entry
 * says; of no matter to Raft.
 */
export function encodeConfiguration(configuration: Configuration, change?: MemberChange): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      voters: [...configuration.voters].sort(),
      outgoing: [...configuration.outgoing].sort(),
      learners: [...configuration.learners].sort(),
      change,
    }),
    'utf8',
  );
}

export function decodeConfiguration(payload: Uint8Array): Configuration {
  const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
  assert(typeof value === 'object' && value !== null, 'a configuration entry holds an object');
  const { voters, outgoing, learners } = value as Record<string, unknown>;
  return { voters: memberList(voters), outgoing: memberList(outgoing), learners: memberList(learners) };
}

function memberList(value: unknown): readonly NodeId[] {
  assert(
    Array.isArray(value) && value.every((id) => typeof id === 'string'),
    'a configuration lists members',
  );
  return (value as readonly string[]).map(nodeId);
}

export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.outgoing.includes(id);
}

export function isMember(configuration: Configuration, id: NodeId): boolean {
  return isVoter(configuration, id) || configuration.learners.includes(id);
}

/** Voters of both sets, each once. */
export function votersOf(configuration: Configuration): readonly NodeId[] {
  if (configuration.outgoing.length === 0) return configuration.voters;
  return [...new Set([...configuration.voters, ...configuration.outgoing])];
}

export function membersOf(configuration: Configuration): readonly NodeId[] {
  return [...new Set([...configuration.voters, ...configuration.outgoing, ...configuration.learners])];
}

/**
 * The first step from `current` to `target`. At most one voter more or less: the target itself, as any two majorities then overlap
 * (thesis §4.1). Otherwise a joint configuration (Raft §6), after which `afterJoint` follows.
 */
export function firstStep(
  current: Configuration,
  target: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] },
): Configuration {
  assert(current.outgoing.length === 0, 'a change starts from a configuration that is not joint');
  assert(target.voters.length > 0, 'a configuration needs a voter');
  const all = [...target.voters, ...target.learners];
  assert(new Set(all).size === all.length, 'a member is listed once');
  const added = target.voters.filter((id) => !current.voters.includes(id)).length;
  const removed = current.voters.filter((id) => !target.voters.includes(id)).length;
  return {
    voters: target.voters,
    outgoing: added + removed <= 1 || mutant.active === 'several-voters-in-one-step' ? [] : current.voters,
    learners: target.learners,
  };
}

export function afterJoint(joint: Configuration): Configuration {
  return { voters: joint.voters, outgoing: [], learners: joint.learners };
}

/**
 * Which configuration holds at which index. As in the paper (§6) a server uses the newest configuration in its log, committed or not;
 * so what truncation removes falls back to the one before. Holds those that truncation may still reach and the one below.
 */
export class ConfigurationHistory {
  #steps: { readonly index: LogIndex; readonly configuration: Configuration }[];

  /** `base` holds at `index`; the entries after it may change it. */
  constructor(base: Configuration, index: LogIndex) {
    this.#steps = [{ index, configuration: base }];
  }

  get current(): Configuration {
    return this.#top.configuration;
  }

  /** The index of the entry that made the current configuration (or the base's). */
  get index(): LogIndex {
    return this.#top.index;
  }

  /**
   * A voter of the current configuration or of one that truncation could bring back: it may be needed until the newer one is committed,
   * so it goes on campaigning, without counting itself where it is not a voter (thesis §4.2.2).
   */
  mayNeed(id: NodeId): boolean {
    return this.#steps.some(({ configuration }) => isVoter(configuration, id));
  }

  /** Says whether the entry changes the configuration. */
  appended(entry: LogEntry): boolean {
    if (entry.kind !== 'configuration' || entry.index <= this.index) return false;
    this.#steps.push({ index: entry.index, configuration: decodeConfiguration(entry.payload) });
    return true;
  }

  /** Entries ≥ `from` are gone. Says whether that changes the configuration. */
  truncated(from: LogIndex): boolean {
    let changed = false;
    while (this.#steps.length > 1 && this.index >= from) {
      this.#steps.pop();
      changed = true;
    }
    return changed;
  }

  committed(index: LogIndex): void {
    while ((this.#steps[1]?.index ?? Number.POSITIVE_INFINITY) <= index) this.#steps.shift();
  }

  /** `base` is known to hold at `index`: what was thought of before is replaced, what came after stays. */
  rebased(base: Configuration, index: LogIndex): void {
    this.#steps = [{ index, configuration: base }, ...this.#steps.filter((step) => step.index > index)];
  }

  reset(base: Configuration, index: LogIndex): void {
    this.#steps = [{ index, configuration: base }];
  }

  get #top(): { readonly index: LogIndex; readonly configuration: Configuration } {
    const top = this.#steps[this.#steps.length - 1];
    assert(top !== undefined, 'there is always a configuration');
    return top;
  }
}
