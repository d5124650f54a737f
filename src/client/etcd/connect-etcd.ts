import { TanistError } from '../../foundation/errors.ts';
import { checkWait } from '../core/call-refusal.ts';
import { endpointList } from '../endpoint-list.ts';
import { Caller } from './caller.ts';
import { Endpoints } from './endpoints.ts';
import { EtcdClient, type EtcdSpace } from './etcd-client.ts';

export interface EtcdConnectOptions {
  /** Client addresses, `host:port`, of one or more members. */
  readonly endpoints: string | readonly string[];
  /** For calls that bring none of their own, in ms. Default 10,000. */
  readonly deadlineMs?: number;
  /** How long to wait for the first connection, in ms. Default 3000. */
  readonly connectMs?: number;
  /** Gives up connecting, as `cancelled`. */
  readonly signal?: AbortSignal;
  /** Default `user`: etcd's keys as they are. */
  readonly space?: EtcdSpace;
  /** What the keys of the space `planes` begin with in etcd. Default `tanist/planes/`. */
  readonly planesPrefix?: string;
  /** Keys in one message; larger ranges are read in several, at one revision. Default 2000. */
  readonly pageKeys?: number;
}

/**
 * Connects to an etcd cluster, version 3.4 or later, or to Tanist by its etcd API. Fails as `unavailable` when no endpoint answers.
 *
 * ```ts
 * import { connectEtcd } from 'tanist/client';
 *
 * await using client = await connectEtcd({ endpoints: ['10.0.0.1:2379', '10.0.0.2:2379'] });
 * const planes = client.inSpace('planes');
 * ```
 */
export async function connectEtcd(options: EtcdConnectOptions): Promise<EtcdClient> {
  const addresses = endpointList(options.endpoints);
  const { planesPrefix = 'tanist/planes/', pageKeys = 2000, signal } = options;
  const { deadlineMs = 10_000, connectMs = 3000 } = options;
  checkWait('deadlineMs', deadlineMs, 1);
  checkWait('connectMs', connectMs, 0);
  if (planesPrefix === '')
    throw new TanistError('invalid-argument', 'planesPrefix is empty; then planes would be all of etcd');
  if (!(pageKeys >= 1))
    throw new TanistError('invalid-argument', `pageKeys is ${pageKeys}; it must be 1 at least`);
  const cancelled = (): TanistError => new TanistError('cancelled', 'connecting was cancelled');
  if (signal?.aborted) throw cancelled();
  const endpoints = new Endpoints(addresses);
  if ((await endpoints.connected(performance.now() + connectMs, signal)) === null) {
    endpoints.close();
    if (signal?.aborted) throw cancelled();
    throw new TanistError('unavailable', `no connection within ${connectMs} ms to ${addresses.join(', ')}`);
  }
  const prefixes = { user: '', planes: planesPrefix };
  const caller = new Caller(endpoints, deadlineMs);
  return new EtcdClient(options.space ?? 'user', caller, { prefixes, pageKeys }, new AbortController());
}
