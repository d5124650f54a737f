import { type ByteString, byteStringOfText, prefixEnd, textOf } from '../foundation/bytes.ts';
import { noLease } from '../foundation/ids.ts';
import type { Policy, PredictPolicy } from '../ports/command.ts';
import type { KeyValue } from '../ports/delta.ts';
import { defaultPredictPolicy } from '../ports/prediction.ts';
import type { CommandResult } from '../ports/result.ts';
import { failed } from './failed.ts';
import type { SpaceStore } from './mvcc/space-store.ts';
import { faultOfPredictPolicy } from './predicted/check.ts';

export const defaultPolicy: Policy = { acknowledge: 'quorum', tier: 'full', predict: null };

export const policyKeyPrefix = byteStringOfText('policy/');
const keyPrefix = policyKeyPrefix;
const keysEnd = prefixEnd(keyPrefix);

export interface PolicyOfPrefix {
  readonly prefix: ByteString;
  readonly policy: Policy;
}

/**
 * Policies are keys of the `system` space, `policy/<prefix>` → JSON, so watches, deltas, digest and image carry them like any key. This is
 * the index over them.
 */
export class Policies {
  readonly #system: SpaceStore;
  #indexedRevision = 0;
  #index = new PolicyIndex([]);

  constructor(system: SpaceStore) {
    this.#system = system;
  }

  set(prefix: ByteString, policy: Policy): CommandResult {
    const value = byteStringOfText(policyText(policy));
    this.#system.put((keyPrefix + prefix) as ByteString, value, noLease);
    this.#system.commit();
    return { kind: 'setPolicy' };
  }

  remove(prefix: ByteString): CommandResult {
    if (this.#system.delete((keyPrefix + prefix) as ByteString) === null)
      return failed('policy-not-found', 'no policy is set for exactly this prefix');
    this.#system.commit();
    return { kind: 'removePolicy' };
  }

  /** In order of prefixes. */
  list(): readonly PolicyOfPrefix[] {
    return this.#system.keys(keyPrefix, keysEnd, 0).map((key) => ({
      prefix: key.slice(keyPrefix.length) as ByteString,
      policy: policyOf(this.#system.get(key)?.value),
    }));
  }

  /** The longest prefix wins as a whole. */
  for(key: ByteString): Policy {
    if (this.#indexedRevision !== this.#system.revision) {
      this.#indexedRevision = this.#system.revision;
      this.#index = new PolicyIndex(this.list());
    }
    return this.#index.for(key);
  }
}

/** From a key to the policy of its longest prefix. */
export class PolicyIndex {
  readonly #byPrefix: ReadonlyMap<string, Policy>;
  /** Distinct prefix lengths, longest first. */
  readonly #lengths: readonly number[];

  constructor(policies: readonly PolicyOfPrefix[]) {
    this.#byPrefix = new Map(policies.map(({ prefix, policy }) => [prefix, policy]));
    this.#lengths = [...new Set(policies.map(({ prefix }) => prefix.length))].sort((a, b) => b - a);
  }

  for(key: ByteString): Policy {
    for (const length of this.#lengths) {
      if (length > key.length) continue;
      const policy = this.#byPrefix.get(key.slice(0, length));
      if (policy !== undefined) return policy;
    }
    return defaultPolicy;
  }
}

/** Of a key of `system` that is one; null: it is none. */
export function policyOfKey({ key, value }: Pick<KeyValue, 'key' | 'value'>): PolicyOfPrefix | null {
  if (!key.startsWith(keyPrefix)) return null;
  return { prefix: key.slice(keyPrefix.length) as ByteString, policy: policyOf(value) };
}

/** As before there were tiers and predictions, where it is of none: equal policies, equal bytes. */
function policyText({ acknowledge, tier, predict }: Policy): string {
  return JSON.stringify({
    acknowledge,
    ...(tier === 'full' ? {} : { tier }),
    ...(predict === null ? {} : { predict: predictFields(predict) }),
  });
}

/** In this order. */
function predictFields({ fields, stepMs, horizon, minConfidence, weight }: PredictPolicy): PredictPolicy {
  return { fields, stepMs, horizon, minConfidence, weight };
}

/** What cannot be read (another version wrote it) counts as the default, which promises the most. */
function policyOf(value: ByteString | undefined): Policy {
  if (value === undefined) return defaultPolicy;
  try {
    const parsed: unknown = JSON.parse(textOf(value));
    if (typeof parsed !== 'object' || parsed === null) return defaultPolicy;
    const { acknowledge, tier, predict } = parsed as Partial<Record<keyof Policy, unknown>>;
    return {
      acknowledge: acknowledge === 'leader' ? 'leader' : 'quorum',
      tier: tier === 'critical' ? 'critical' : 'full',
      predict: predictOf(predict),
    };
  } catch {
    return defaultPolicy;
  }
}

/** Null where it cannot be read, too: nothing is predicted then. */
function predictOf(value: unknown): PredictPolicy | null {
  if (typeof value !== 'object' || value === null) return null;
  const policy = predictFields({ ...defaultPredictPolicy, ...value });
  return faultOfPredictPolicy(policy) === null ? policy : null;
}
