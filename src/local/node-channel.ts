import type { Fault } from '../api/start/faults.ts';
import { buildKind } from '../foundation/build-kind.ts';

/**
 * The channel between `tanist node` and a process that started it as part of a local cluster: Node's IPC. The child says when it
 * serves and why it can't; it stops itself as soon as the channel breaks, so that it never outlives its parent, even one that
 * was killed.
 */
export type NodeReport =
  | { readonly kind: 'ready'; readonly client: string; readonly peer: string; readonly http: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** What the parent tells its child; test builds alone listen. */
export interface FaultOrder {
  readonly kind: 'fault';
  readonly fault: Fault;
}

/** Set for children of a local cluster; without it `tanist node` ignores an IPC channel that someone else's supervisor gave it. */
export const channelVariable = 'TANIST_LOCAL_CLUSTER';

/** Name of the mutant that `tanist node` turns on in itself; in test builds alone. */
export const mutantVariable = 'TANIST_MUTANT';

export interface ParentChannel {
  report(report: NodeReport): void;
  onParentGone(act: () => void): void;
  /** In a release nothing is ever heard. */
  onFault(act: (fault: Fault) => void): void;
  /** An open channel would keep the process alive. */
  close(): void;
}

export function parentChannel(): ParentChannel {
  const attached = process.env[channelVariable] === '1' && process.send !== undefined;
  return {
    report: (report) => {
      if (attached && process.connected) process.send?.(report);
    },
    onParentGone: (act) => {
      if (attached) process.once('disconnect', act);
    },
    onFault: (act) => {
      if (!attached || buildKind !== 'test') return;
      process.on('message', (message) => {
        if (isFaultOrder(message)) act(message.fault);
      });
    },
    close: () => {
      if (attached && process.connected) process.disconnect();
    },
  };
}

/** Parent and child are of one build: what is inside is as the parent made it. */
function isFaultOrder(message: unknown): message is FaultOrder {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'fault';
}
