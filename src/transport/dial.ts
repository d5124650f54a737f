import { connect } from 'node:net';
import type { Clock } from '../ports/clock.ts';

export type DialOutcome = 'open' | 'refused' | 'silent';

/**
 * Tries a TCP connection and closes it. It comes before a gRPC channel because grpc-js never gives up a connection that it has begun:
 * towards a host that does not answer, each attempt would hold a socket for minutes. Returns what stops it.
 */
export function dial(
  address: string,
  deadlineMs: number,
  clock: Clock,
  done: (outcome: DialOutcome) => void,
): () => void {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(address.slice(colon + 1)) });
  let over = false;
  const stop = (): void => {
    over = true;
    timer.cancel();
    socket.destroy();
  };
  const finish = (outcome: DialOutcome): void => {
    if (over) return;
    stop();
    done(outcome);
  };
  const timer = clock.after(deadlineMs, () => finish('silent'));
  socket.on('connect', () => finish('open'));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // A host or network that is gone says nothing about the process; the deadline stands.
    if (error.code === 'ECONNREFUSED') finish('refused');
    else if (error.code === 'ECONNRESET') finish('open');
  });
  return stop;
}
