import type { LeaseId } from '../foundation/ids.ts';
import type {
  Claim,
  ContentKey,
  DependencyRegistry,
  HeldObject,
  Holding,
  SandboxFacts,
} from '../ports/dependency-registry.ts';
import type { CallOptions } from '../ports/state-client.ts';
import {
  decodeClaimReply,
  decodeHolders,
  decodeSandboxes,
  decodeSandboxLease,
  encodeJoin,
  encodeKeys,
  encodeRegister,
  encodeSandboxName,
} from '../protocol/dependencies.ts';
import { emptyMessage } from '../protocol/operations/administration.ts';
import { dependenciesService, type RawMethod } from '../protocol/services.ts';

type Call = (method: RawMethod, request: Buffer, options: CallOptions | undefined) => Promise<Buffer>;

/** Fits into a message with room to spare. */
const objectsPerCall = 4096;

/** The registry of dependencies at the cluster's own service: what is registered and looked up in one call travels in one message. */
export class Dependencies implements DependencyRegistry {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async join(
    sandbox: SandboxFacts,
    ttlMs: number,
    options?: CallOptions,
  ): Promise<{ readonly lease: LeaseId; readonly ttlMs: number }> {
    return decodeSandboxLease(
      await this.#call(dependenciesService.join, encodeJoin({ sandbox, ttlMs }), options),
    );
  }

  async heartbeat(sandboxId: string, options?: CallOptions): Promise<{ readonly ttlMs: number }> {
    return decodeSandboxLease(
      await this.#call(dependenciesService.heartbeat, encodeSandboxName(sandboxId), options),
    );
  }

  async invalidate(sandboxId: string, options?: CallOptions): Promise<void> {
    await this.#call(dependenciesService.invalidate, encodeSandboxName(sandboxId), options);
  }

  async register(sandbox: string, objects: readonly HeldObject[], options?: CallOptions): Promise<void> {
    for (let i = 0; i < objects.length; i += objectsPerCall) {
      const part = objects.slice(i, i + objectsPerCall);
      await this.#call(dependenciesService.register, encodeRegister({ sandbox, objects: part }), options);
    }
  }

  async release(sandbox: string, keys: readonly ContentKey[], options?: CallOptions): Promise<void> {
    for (let i = 0; i < keys.length; i += objectsPerCall) {
      const part = keys.slice(i, i + objectsPerCall);
      await this.#call(dependenciesService.release, encodeKeys({ sandbox, keys: part }), options);
    }
  }

  async lookup(keys: readonly ContentKey[], options?: CallOptions): Promise<readonly (readonly Holding[])[]> {
    const found: (readonly Holding[])[] = [];
    for (let i = 0; i < keys.length; i += objectsPerCall) {
      const request = encodeKeys({ sandbox: '', keys: keys.slice(i, i + objectsPerCall) }, 1);
      found.push(...decodeHolders(await this.#call(dependenciesService.lookup, request, options)));
    }
    return found;
  }

  async claim(sandbox: string, key: ContentKey, options?: CallOptions): Promise<Claim> {
    return decodeClaimReply(
      await this.#call(dependenciesService.claim, encodeKeys({ sandbox, keys: [key] }), options),
    );
  }

  async sandboxes(options?: CallOptions): Promise<readonly SandboxFacts[]> {
    return decodeSandboxes(await this.#call(dependenciesService.sandboxes, emptyMessage, options));
  }
}
