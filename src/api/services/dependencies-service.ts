import type { Server } from '@grpc/grpc-js';
import { noLease } from '../../foundation/ids.ts';
import type { DependencyRegistry } from '../../ports/dependency-registry.ts';
import {
  decodeJoin,
  decodeKeys,
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
import { unary } from './unary.ts';

/** `service Dependencies`, on any node: the registry as keys of this cluster. */
export function addDependenciesService(server: Server, registry: DependencyRegistry): void {
  server.addService(dependenciesService, {
    join: unary(async (bytes) => {
      const { sandbox, ttlMs } = decodeJoin(bytes);
      return encodeSandboxLease(await registry.join(sandbox, ttlMs));
    }),
    heartbeat: unary(async (bytes) => {
      const { ttlMs } = await registry.heartbeat(decodeSandboxName(bytes));
      return encodeSandboxLease({ lease: noLease, ttlMs });
    }),
    invalidate: unary(async (bytes) => {
      await registry.invalidate(decodeSandboxName(bytes));
      return emptyMessage;
    }),
    register: unary(async (bytes) => {
      const { sandbox, objects } = decodeRegister(bytes);
      await registry.register(sandbox, objects);
      return emptyMessage;
    }),
    release: unary(async (bytes) => {
      const { sandbox, keys } = decodeKeys(bytes);
      await registry.release(sandbox, keys);
      return emptyMessage;
    }),
    lookup: unary(async (bytes) => encodeHolders(await registry.lookup(decodeKeys(bytes, 1).keys))),
    claim: unary(async (bytes) => {
      const { sandbox, keys } = decodeKeys(bytes);
      const [key] = keys;
      if (key === undefined) throw malformed('a claim without a key');
      return encodeClaimReply(await registry.claim(sandbox, key));
    }),
    sandboxes: unary(async () => encodeSandboxes(await registry.sandboxes())),
  });
}
