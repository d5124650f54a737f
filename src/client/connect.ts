import type { Space } from '../ports/delta.ts';
import { TanistClient } from './client.ts';
import { Cluster } from './cluster.ts';
import { checkWait } from './core/call-refusal.ts';
import { type SessionOptions, sessionOptions } from './core/options.ts';
import { endpointList } from './endpoint-list.ts';

export interface ConnectOptions {
  /** Client addresses, `host:port`, of one or more members; the others are learned from them. */
  readonly endpoints: string | readonly string[];
  /** For calls that bring none of their own, in ms, at most 2³¹ - 1. Default 10,000. */
  readonly deadlineMs?: number;
  /** How long to wait for the first answer, in ms, not counting what this process stands still meanwhile. Default 3000. */
  readonly connectMs?: number;
  /** Gives up connecting, as `cancelled`. */
  readonly signal?: AbortSignal;
  /** Key space of the client's own calls. Default `user`, the one that etcd clients see. */
  readonly space?: Space;
  /** Limits and timing of the session. */
  readonly session?: Partial<SessionOptions>;
}

/**
 * Connects to a cluster.
 *
 * ```ts
 * import { connect } from 'tanist/client';
 *
 * await using client = await connect({ endpoints: '127.0.0.1:7400' });
 * await client.put('greeting', 'hello');
 * const { values } = await client.get('greeting');
 * for await (const { events } of client.watch('jobs/', { prefix: true })) console.log(events);
 * ```
 *
 * Fails as `unavailable` when no endpoint answers and as `not-tanist` when something else answers there; both name the endpoints.
 * As `invalid-argument` where an option is out of its range.
 */
export async function connect(options: ConnectOptions): Promise<TanistClient> {
  const { deadlineMs = 10_000, connectMs = 3000 } = options;
  checkWait('deadlineMs', deadlineMs, 1);
  checkWait('connectMs', connectMs, 0);
  const cluster = new Cluster({
    endpoints: endpointList(options.endpoints),
    deadlineMs,
    session: sessionOptions(options.session),
  });
  try {
    await cluster.connected(connectMs, options.signal);
  } catch (error) {
    await cluster.close(0);
    throw error;
  }
  return new TanistClient(options.space ?? 'user', cluster);
}
