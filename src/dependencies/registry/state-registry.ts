import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  Claim,
  ClaimOptions,
  ContentKey,
  DependencyRegistry,
  HeldObject,
  Holding,
  JoinOptions,
  SandboxFacts,
  SandboxOptions,
} from '../../ports/dependency-registry.ts';
import type { CallOptions, ClientKeyValue, StateClient } from '../../ports/state-client.ts';
import { contentKey } from '../content-key.ts';
import { checkKeys, checkObjects } from './check-objects.ts';
import { grantedLease, takeId } from './joining.ts';
import { idTaken, isGone, unknownSandbox, unlessGone } from './refusals.ts';
import {
  checkSandbox,
  checkSandboxId,
  decodeHolding,
  decodeSandbox,
  encodeFetching,
  encodeHeld,
  holdersPrefix,
  holdingKey,
  sandboxKey,
  sandboxPrefix,
} from './rows.ts';
import { type Change, WriteBatches } from './write-batches.ts';

const mostHolders = 64;
/** Of a sandbox whose writes nobody waits for any more, kept for the next; beyond it they are looked up again. */
const mostSandboxes = 10_000;
const keysPerCall = 100;
const mostTries = 5;
const firstPauseMs = 25;
/** Of a cluster that is electing. */
const passing: ReadonlySet<string> = new Set(['not-leader', 'no-leader', 'superseded']);

/** Of a join that will not be. */
const refused: ReadonlySet<string> = new Set(['sandbox-exists', 'sandbox-unknown']);

interface Joined {
  readonly facts: SandboxFacts;
  readonly lease: LeaseId;
}

/** The registry as keys of a `StateClient`, of the space `planes`: in a Tanist cluster, inside a node, or in etcd. */
export class StateRegistry implements DependencyRegistry {
  readonly #state: StateClient;
  readonly #clock: Clock;
  readonly #joined = new Map<string, Joined>();
  readonly #writes = new Map<string, WriteBatches>();

  constructor(state: StateClient, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async join(
    sandbox: SandboxFacts,
    ttlMs: number,
    { lease: own, drawnMs, ...options }: JoinOptions = {},
  ): Promise<{ readonly lease: LeaseId; readonly ttlMs: number }> {
    const facts = checkSandbox(sandbox);
    const granted = await grantedLease(this.#state, ttlMs, own, options);
    try {
      await takeId(this.#state, facts, granted.lease, drawnMs ?? null, options);
    } catch (error) {
      // Whatever else failed here, another copy of this join may have come further; what nobody has ends by itself.
      const isRefused = error instanceof TanistError && refused.has(error.code);
      if (isRefused) await this.#state.revokeLease(granted.lease).catch(() => undefined);
      throw error;
    }
    this.#remember({ facts, lease: granted.lease });
    return granted;
  }

  async heartbeat(sandboxId: string, options?: SandboxOptions): Promise<{ readonly ttlMs: number }> {
    if (mutant.active === 'dependency-heartbeat-unsaid') return { ttlMs: 1 };
    return await this.#asJoined(sandboxId, options, ({ lease }) =>
      this.#state.keepLeaseAlive(lease, options),
    );
  }

  async invalidate(sandboxId: string, options?: SandboxOptions): Promise<void> {
    const lease = options?.lease ?? (await this.#row(sandboxId, options))?.lease ?? noLease;
    this.#joined.delete(sandboxId);
    if (lease !== noLease) await this.#state.revokeLease(lease, options).catch(unlessGone);
  }

  async register(sandboxId: string, objects: readonly HeldObject[], options?: SandboxOptions): Promise<void> {
    await Promise.all(
      checkObjects(objects).map((held) =>
        this.#change(sandboxId, options, ({ facts }) =>
          held.keys.map((key) => [holdingKey(key, sandboxId), encodeHeld(facts, held, key)]),
        ),
      ),
    );
  }

  async release(sandboxId: string, keys: readonly ContentKey[], options?: SandboxOptions): Promise<void> {
    checkKeys(keys);
    const parts: Promise<void>[] = [];
    for (let i = 0; i < keys.length; i += keysPerCall) {
      const part = keys.slice(i, i + keysPerCall);
      parts.push(
        this.#change(sandboxId, options, () => part.map((key) => [holdingKey(key, sandboxId), null])),
      );
    }
    await Promise.all(parts);
  }

  lookup(
    keys: readonly ContentKey[],
    { asker, ...options }: CallOptions & { readonly asker?: string } = {},
  ): Promise<readonly (readonly Holding[])[]> {
    const from = asker === undefined ? '' : checkSandboxId(asker);
    return Promise.all(
      checkKeys(keys).map(async (key) => {
        const prefix = holdersPrefix(key);
        const first = await this.#state.get(prefix, { ...options, prefix: true, limit: mostHolders });
        if (!first.more || from === '') return holdingsOf(first.values);
        const ranges = ring(prefix, from).map((range) =>
          this.#state.get(range.get, { ...options, ...range.options }),
        );
        return holdingsOf((await Promise.all(ranges)).flatMap(({ values }) => values));
      }),
    );
  }

  async claim(sandboxId: string, key: ContentKey, { over, ...options }: ClaimOptions = {}): Promise<Claim> {
    const prefix = holdersPrefix(contentKey(key.algorithm, key.digest));
    const announced = over === undefined ? null : await this.#announced(key, checkSandboxId(over), options);
    const answer = await this.#asJoined(sandboxId, options, ({ facts, lease }) =>
      this.#state.txn(
        {
          // Version 0 of a whole range: no key is in it.
          if:
            mutant.active === 'dependency-claimed-twice'
              ? []
              : announced === null
                ? [{ key: prefix, rangeEnd: afterPrefix(prefix), is: '=', version: 0 }]
                : [{ key: announced.key, is: '=', modRevision: announced.modRevision }],
          // biome-ignore lint/suspicious/noThenProperty: a transaction has one
          then: [
            ...(announced === null ? [] : [{ delete: announced.key }]),
            { put: holdingKey(key, sandboxId), value: encodeFetching(facts), lease },
          ],
          else: ring(prefix, sandboxId),
        },
        options,
      ),
    );
    if (answer.succeeded) return { claimed: true };
    const found = answer.answers.flatMap((each) => (each.kind === 'get' ? each.values : []));
    const others = holdingsOf(found).filter(({ sandbox }) => sandbox !== sandboxId);
    // What it said itself before: of a fetch that failed, or of an object that is no longer there.
    return others.length === 0 ? { claimed: true } : { claimed: false, holdings: others };
  }

  async sandboxes({
    id,
    ...options
  }: CallOptions & { readonly id?: string } = {}): Promise<readonly SandboxFacts[]> {
    const { values } =
      id === undefined
        ? await this.#state.get(sandboxPrefix, { ...options, prefix: true })
        : await this.#state.get(sandboxKey(checkSandboxId(id)), options);
    return values.flatMap(({ value }) => decodeSandbox(value) ?? []);
  }

  /** Null: that one has not announced the key, or holds it by now. */
  async #announced(key: ContentKey, over: string, options: CallOptions): Promise<ClientKeyValue | null> {
    const [row] = (await this.#state.get(holdingKey(key, over), options)).values;
    return row !== undefined && decodeHolding(row.key, row.value)?.state === 'fetching' ? row : null;
  }

  #change(
    sandboxId: string,
    options: SandboxOptions | undefined,
    make: (joined: Joined) => readonly Change[],
  ): Promise<void> {
    const own = options?.lease;
    const known = this.#joined.get(sandboxId);
    if (known !== undefined && isOwn(known, own)) return this.#batches(sandboxId, own).add(make(known));
    return this.#find(sandboxId, own).then((joined) => this.#batches(sandboxId, own).add(make(joined)));
  }

  #batches(sandboxId: string, own: LeaseId | undefined): WriteBatches {
    const name = `${sandboxId}/${own ?? ''}`;
    const there = this.#writes.get(name);
    if (there !== undefined) return there;
    if (this.#writes.size >= mostSandboxes)
      for (const [id, batches] of this.#writes) if (batches.idle) this.#writes.delete(id);
    const made = new WriteBatches(this.#clock, (changes) => this.#write(sandboxId, own, changes));
    this.#writes.set(name, made);
    return made;
  }

  async #write(sandboxId: string, own: LeaseId | undefined, changes: readonly Change[]): Promise<void> {
    await this.#asJoined(sandboxId, own === undefined ? undefined : { lease: own }, ({ lease }) =>
      this.#state.txn({
        if: [],
        // biome-ignore lint/suspicious/noThenProperty: a transaction has one
        then: changes.map(([key, value]) =>
          value === null
            ? { delete: key }
            : { put: key, value, ...(mutant.active === 'dependency-outlives-lease' ? {} : { lease }) },
        ),
      }),
    );
  }

  /** A lease that is gone may be one of an earlier life: then once more with the present one. */
  async #asJoined<T>(
    sandboxId: string,
    options: SandboxOptions | undefined,
    act: (joined: Joined) => Promise<T>,
  ): Promise<T> {
    const own = options?.lease;
    const known = this.#joined.get(checkSandboxId(sandboxId));
    const before =
      known !== undefined && isOwn(known, own) ? known : await this.#find(sandboxId, own, options);
    try {
      return await this.#repeated(() => act(before));
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#joined.delete(sandboxId);
      const now = await this.#find(sandboxId, own, options);
      if (now.lease === before.lease) throw unknownSandbox(sandboxId);
      return await this.#repeated(() => act(now));
    }
  }

  /** All that a sandbox says may be said twice, so an unknown outcome, as of a leader that was lost, is no reason to fail. */
  async #repeated<T>(act: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await act();
      } catch (error) {
        const passes = error instanceof TanistError && (error.indeterminate || passing.has(error.code));
        if (!passes || tries === mostTries) throw error;
        await new Promise<void>((resolve) => void this.#clock.after(firstPauseMs * 2 ** tries, resolve));
      }
    }
  }

  async #find(sandboxId: string, own: LeaseId | undefined, options?: CallOptions): Promise<Joined> {
    const row = await this.#row(sandboxId, options);
    const facts = row === null ? null : decodeSandbox(row.value);
    if (row === null || facts === null) throw unknownSandbox(sandboxId);
    const joined = { facts, lease: row.lease };
    this.#remember(joined);
    if (!isOwn(joined, own)) throw idTaken(facts);
    return joined;
  }

  #remember(joined: Joined): void {
    if (this.#joined.size >= mostSandboxes) this.#joined.clear();
    this.#joined.set(joined.facts.id, joined);
  }

  async #row(sandboxId: string, options?: CallOptions): Promise<ClientKeyValue | null> {
    const { values } = await this.#state.get(sandboxKey(checkSandboxId(sandboxId)), options);
    return values[0] ?? null;
  }
}

function holdingsOf(rows: readonly ClientKeyValue[]): readonly Holding[] {
  return rows.slice(0, mostHolders).flatMap(({ key, value }) => decodeHolding(key, value) ?? []);
}

/** Those whose ids come after `from`, then those before it. */
const ring = (prefix: string, from: string) => [
  { get: `${prefix}${from}`, options: { rangeEnd: afterPrefix(prefix), limit: mostHolders } },
  { get: prefix, options: { rangeEnd: `${prefix}${from}`, limit: mostHolders } },
];

const isOwn = ({ lease }: Joined, own: LeaseId | undefined): boolean => own === undefined || own === lease;

/** The prefixes here end with `/`, which `0` follows. */
const afterPrefix = (prefix: string): string => `${prefix.slice(0, -1)}0`;
