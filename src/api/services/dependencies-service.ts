import { noLease } from '../../foundation/ids.ts';
import type { DependencyRegistry } from '../../ports/dependency-registry.ts';
import {
  decodeJoin,
  decodeKeys,
  decodeLookup,
  decodeRegister,
  decodeSandboxName,
  encodeClaimReply,
  encodeHolders,
  encodeSandboxes,
  encodeSandboxLease,
} from '../../protocol/dependencies.ts';
import { emptyMessage } from '../../protocol/operations/administration.ts';
import { malformed } from '../../protocol/parts/wire-reader.ts';
import { dependenciesService } from '../../protocol/services.ts';
import type { NativeServices } from './native-services.ts';
import { unary } from './unary.ts';

/** `service Dependencies`, on any node: the registry as keys of this cluster. */
export function addDependenciesService(services: NativeServices, registry: DependencyRegistry): void {
  services.add(dependenciesService, {
    join: unary(async (bytes) => {
      const { sandbox, ttlMs, ...own } = decodeJoin(bytes);
      return encodeSandboxLease(await registry.join(sandbox, ttlMs, own));
    }),
    heartbeat: unary(async (bytes) => {
      const { id, ...own } = decodeSandboxName(bytes);
      const { ttlMs } = await registry.heartbeat(id, own);
      return encodeSandboxLease({ lease: noLease, ttlMs });
    }),
    invalidate: unary(async (bytes) => {
      const { id, ...own } = decodeSandboxName(bytes);
      await registry.invalidate(id, own);
      return emptyMessage;
    }),
    register: unary(async (bytes) => {
      const { sandbox, objects, ...own } = decodeRegister(bytes);
      await registry.register(sandbox, objects, own);
      return emptyMessage;
    }),
    release: unary(async (bytes) => {
      const { sandbox, keys, ...own } = decodeKeys(bytes);
      await registry.release(sandbox, keys, own);
      return emptyMessage;
    }),
    lookup: unary(async (bytes) => {
      const { keys, sandbox } = decodeLookup(bytes);
      return encodeHolders(await registry.lookup(keys, sandbox === '' ? {} : { asker: sandbox }));
    }),
    claim: unary(async (bytes) => {
      const { sandbox, keys, ...own } = decodeKeys(bytes);
      const [key] = keys;
      if (key === undefined) throw malformed('a claim without a key');
      return encodeClaimReply(await registry.claim(sandbox, key, own));
    }),
    sandboxes: unary(async (bytes) => {
      const { id } = decodeSandboxName(bytes);
      return encodeSandboxes(await registry.sandboxes(id === '' ? {} : { id }));
    }),
  });
}
