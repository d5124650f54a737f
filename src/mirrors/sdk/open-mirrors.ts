import { type NearOptions, nearOf } from '../../nearest/near-options.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { parseSource } from '../config/parse-config.ts';
import type { FinishedLook } from '../refresh/looker.ts';
import type { OriginPermissions } from '../sources/open-origin.ts';
import { defaultSecretPlaces } from '../sources/secrets.ts';
import type { BudgetOptions } from '../state/token-bucket.ts';
import { type Connect, LateClient } from './late-client.ts';
import { Mirrors, processName } from './mirrors.ts';

export interface MirrorsOptions {
  /** Sources of this process's own, as objects of the config; those in the state are followed as well. */
  readonly sources?: Readonly<Record<string, unknown>>;
  /** What sources may reach from here. Default: HTTP and gRPC alone, secrets from variables that begin with `TANIST_SECRET_`. */
  readonly may?: Partial<Omit<OriginPermissions, 'wallMs'>>;
  /**
   * Mirrors are read and followed at the nearest of these replicas (client addresses; absent: all warm ones of the cluster): those of the own `zone` first, then those of
   * the own `region`, each by round trip, as long as what it holds is no older than `lagMs` (default 5000); else at the cluster, as without this. A nearer one that
   * comes, or comes back, is moved to. `mirrors/live/` is to be critical by policy. Needs a client that reaches single replicas:
   * Tanist's over gRPC.
   */
  readonly near?: NearOptions;
  /** Calls of a source while the cluster cannot be reached, of this process alone. Default: 10 a minute, 5 at once. */
  readonly directBudget?: BudgetOptions;
  /** Where nothing at all is heard of the cluster for twice as long while a read waits for it, the origin is asked without it, in ms. Default 1000. */
  readonly clusterMs?: number;
  /** Time-to-live of this process's lease, in ms. Default 3000. */
  readonly leaseMs?: number;
  /** How often this process tells the cluster what it reads, in ms. Default 10,000. */
  readonly reportMs?: number;
  /** How long to wait at first for the mirrors that there are, in ms. Default 3000. */
  readonly startMs?: number;
  /** Of this process; default: chosen. */
  readonly name?: string;
  readonly clock?: Clock;
  readonly onTrouble?: (error: Error) => void;
  readonly onLook?: (look: FinishedLook) => void;
}

/**
 * Mirrors over a client of the space `planes`, or over one that is connected when the cluster can be reached, so that they serve while it cannot:
 * `openMirrors(() => connect({ endpoints, space: 'planes' }))`. They close that one with themselves.
 *
 * ```ts
 * await using client = await connect({ endpoints: '127.0.0.1:7400', space: 'planes' });
 * await using mirrors = await openMirrors(client, { sources: { machines: { origin: { kind: 'http', url: 'https://…/{key}' } } } });
 * const { value, ageMs, fresh } = await mirrors.poll('machines/i-1');
 * ```
 *
 * Fails as `config-invalid`. A cluster that cannot be reached is no failure: the origin is asked directly until it can.
 */
export async function openMirrors(
  over: StateClient | Connect,
  options: MirrorsOptions = {},
): Promise<Mirrors> {
  const client = typeof over === 'function' ? new LateClient(over) : over;
  const clock = options.clock ?? systemClock;
  const sources = Object.fromEntries(
    Object.entries(options.sources ?? {}).map(([name, source]) => [name, parseSource(name, source)]),
  );
  const onTrouble = options.onTrouble ?? (() => undefined);
  const mirrors = new Mirrors({
    client,
    clock,
    sources,
    may: {
      commands: false,
      files: null,
      secrets: defaultSecretPlaces,
      own: {},
      etcd: null,
      ...options.may,
      wallMs: () => clock.wallMs(),
    },
    near: options.near === undefined ? null : nearOf(options.near, ['warm']),
    by: options.name ?? processName(),
    directBudget: options.directBudget ?? { perMinute: 10, burst: 5 },
    clusterMs: options.clusterMs ?? 1000,
    leaseMs: options.leaseMs ?? 3000,
    reportMs: options.reportMs ?? 10_000,
    onTrouble,
    onClose: async () => {
      if (client instanceof LateClient) await client[Symbol.asyncDispose]();
    },
    onLook: options.onLook ?? (() => undefined),
  });
  // What goes wrong is told by the mirror itself.
  const started = mirrors.start().catch(() => undefined);
  // A cluster that does not answer holds nobody up: it is followed as soon as it does.
  const late = new Promise<void>((resolve) => {
    const timer = clock.after(options.startMs ?? 3000, resolve);
    void started.finally(() => timer.cancel());
  });
  await Promise.race([started, late]);
  return mirrors;
}
