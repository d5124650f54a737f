import { randomBytes } from 'node:crypto';
import { type LeaseId, leaseId } from '../foundation/ids.ts';
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
} from '../ports/dependency-registry.ts';
import type { CallOptions } from '../ports/state-client.ts';
import {
  decodeClaimReply,
  decodeHolders,
  decodeSandboxes,
  decodeSandboxLease,
  encodeJoin,
  encodeKeys,
  encodeLookup,
  encodeRegister,
  encodeSandboxName,
} from '../protocol/dependencies.ts';
import { dependenciesService, type RawMethod } from '../protocol/services.ts';

type Call = (method: RawMethod, request: Buffer, options: CallOptions | undefined) => Promise<Buffer>;

/** Fits into a message with room to spare. */
const objectsPerCall = 4096;

/** The registry of dependencies at the cluster's own service: what is registered and looked up in one call travels in one message. */
export class Dependencies implements DependencyRegistry {
  readonly #call: Call;
  /** Of the latest join. */
  #drawnMs = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  async join(
    sandbox: SandboxFacts,
    ttlMs: number,
    options?: JoinOptions,
  ): Promise<{ readonly lease: LeaseId; readonly ttlMs: number }> {
    // A calendar may be set back.
    this.#drawnMs = options?.drawnMs ?? Math.max(Date.now(), this.#drawnMs + 1);
    const lease = options?.lease ?? drawnLease();
    const request = encodeJoin({ sandbox, ttlMs, lease, drawnMs: this.#drawnMs });
    return decodeSandboxLease(await this.#call(dependenciesService.join, request, options));
  }

  async heartbeat(sandboxId: string, options?: SandboxOptions): Promise<{ readonly ttlMs: number }> {
    return decodeSandboxLease(
      await this.#call(dependenciesService.heartbeat, encodeSandboxName(sandboxId, options?.lease), options),
    );
  }

  async invalidate(sandboxId: string, options?: SandboxOptions): Promise<void> {
    await this.#call(dependenciesService.invalidate, encodeSandboxName(sandboxId, options?.lease), options);
  }

  async register(sandbox: string, objects: readonly HeldObject[], options?: SandboxOptions): Promise<void> {
    for (let i = 0; i < objects.length; i += objectsPerCall) {
      const part = objects.slice(i, i + objectsPerCall);
      const request = encodeRegister({ sandbox, objects: part, ...leaseOf(options) });
      await this.#call(dependenciesService.register, request, options);
    }
  }

  async release(sandbox: string, keys: readonly ContentKey[], options?: SandboxOptions): Promise<void> {
    for (let i = 0; i < keys.length; i += objectsPerCall) {
      const part = keys.slice(i, i + objectsPerCall);
      const request = encodeKeys({ sandbox, keys: part, ...leaseOf(options) });
      await this.#call(dependenciesService.release, request, options);
    }
  }

  async lookup(
    keys: readonly ContentKey[],
    options?: CallOptions & { readonly asker?: string },
  ): Promise<readonly (readonly Holding[])[]> {
    const found: (readonly Holding[])[] = [];
    for (let i = 0; i < keys.length; i += objectsPerCall) {
      const request = encodeLookup({
        sandbox: options?.asker ?? '',
        keys: keys.slice(i, i + objectsPerCall),
      });
      found.push(...decodeHolders(await this.#call(dependenciesService.lookup, request, options)));
    }
    return found;
  }

  async claim(sandbox: string, key: ContentKey, options?: ClaimOptions): Promise<Claim> {
    const over = options?.over;
    const more = { ...leaseOf(options), ...(over === undefined ? {} : { over }) };
    const request = encodeKeys({ sandbox, keys: [key], ...more });
    return decodeClaimReply(await this.#call(dependenciesService.claim, request, options));
  }

  async sandboxes(options?: CallOptions & { readonly id?: string }): Promise<readonly SandboxFacts[]> {
    const request = encodeSandboxName(options?.id ?? '');
    return decodeSandboxes(await this.#call(dependenciesService.sandboxes, request, options));
  }
}

const leaseOf = (options: SandboxOptions | undefined): { readonly lease?: LeaseId } =>
  options?.lease === undefined ? {} : { lease: options.lease };

/** A copy that a failover delays is known by it, and ends as what it is: the same join. */
function drawnLease(): LeaseId {
  return leaseId((randomBytes(8).readBigUInt64BE() >> 1n) | 1n);
}
