import { connect } from 'node:net';
import { splitAddress } from '../foundation/address.ts';
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
  const socket = connect(splitAddress(address));
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
