import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ContentKey, Holding } from '../../ports/dependency-registry.ts';
import { openOnce } from '../outside/http-open.ts';
import type { RouteFor } from '../outside/routes.ts';
import { type LeastRate, watchedBody } from '../outside/watched-body.ts';
import type { Peers } from './peers.ts';
import type { Source } from './source.ts';

export interface PeerPorts {
  readonly clock: Clock;
  readonly peers: Peers;
  readonly route: RouteFor;
  /** A peer that gives nothing for so long is left for the next. */
  readonly stallMs: number;
}

const leastBytesPerSecond = 16 * 1024;

/** An object at another agent; where that one still fetches it, what has arrived there so far and then the rest. */
export function peerSource(holding: Holding, key: ContentKey, ports: PeerPorts): Source {
  const { clock, peers, route, stallMs } = ports;
  const { sandbox, address } = holding;
  const name = `sandbox ${sandbox} at ${address}`;
  return {
    name,
    sandbox,
    givesParts: holding.state === 'held',
    async open(from, before, signal) {
      const range = from > 0 || before !== null;
      const askedMs = clock.nowMs();
      const response = await openOnce(
        new URL(`http://${address}/v1/objects/${key.algorithm}/${key.digest}`),
        {
          headers: range ? { range: `bytes=${from}-${before === null ? '' : before - 1}` } : {},
          signal,
          clock,
          route,
          headMs: holding.state === 'fetching' ? 2 * stallMs : stallMs,
        },
      );
      peers.answered(sandbox, clock.nowMs() - askedMs);
      const status = response.statusCode ?? 0;
      if (status !== 200 && status !== 206) {
        response.resume();
        throw status === 404
          ? new TanistError('key-not-found', `${name} no longer has it`)
          : new TanistError('upstream-failed', `${name} answers ${status}`);
      }
      const [, startText, totalText] =
        /^bytes (\d+)-(?:\d*|\*)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
      const startsAt = status === 206 ? Number(startText ?? Number.NaN) : 0;
      if (startsAt > from || Number.isNaN(startsAt)) {
        response.destroy();
        throw new TanistError('upstream-failed', `${name} does not begin where it was asked to`);
      }
      const length = Number(response.headers['content-length'] ?? Number.NaN);
      const totalBytes = status === 206 ? Number(totalText) : length;
      // One that fetches may be slow itself: it is left only when it no longer answers at all.
      const mayGoOn =
        holding.state === 'fetching' ? () => answers(address, { ...ports, signal }) : async () => false;
      return {
        totalBytes: Number.isSafeInteger(totalBytes) ? totalBytes : null,
        startsAt,
        body: counted(
          watchedBody(response, name, clock, stallMs, mayGoOn, leastOf(holding, stallMs)),
          peers,
          sandbox,
        ),
      };
    },
  };
}

/** What one that has it all gives at least: else another, or upstream, is sooner done. One that fetches may be as slow as its own source. */
const leastOf = ({ state }: Holding, stallMs: number): LeastRate | null =>
  state === 'held' ? { bytesPerSecond: leastBytesPerSecond, overMs: 2 * stallMs } : null;

/** Whether the agent still serves at all. */
export async function answers(
  address: string,
  {
    clock,
    route,
    stallMs,
    signal,
  }: Pick<PeerPorts, 'clock' | 'route' | 'stallMs'> & { readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const url = new URL(`http://${address}/v1/ping`);
    const response = await openOnce(url, { signal, clock, route, headMs: stallMs });
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}

async function* counted(
  body: AsyncIterable<Buffer>,
  peers: Peers,
  sandbox: string,
): AsyncGenerator<Buffer, void, undefined> {
  peers.began(sandbox);
  try {
    for await (const chunk of body) {
      peers.gave(sandbox, chunk.length);
      yield chunk;
    }
  } finally {
    peers.ended(sandbox);
  }
}
