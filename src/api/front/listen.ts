import type { Server } from 'node:net';
import { splitAddress } from '../../foundation/address.ts';
import { TanistError } from '../../foundation/errors.ts';

/** Resolves to the bound address. `whom`: for the message. Fails with `port-taken`. */
export function listen(server: Server, address: string, whom: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error): void => {
      const message = `cannot listen on ${address} for ${whom}: ${cause.message}; choose another port`;
      reject(new TanistError('port-taken', message, { cause }));
    };
    server.once('error', refused);
    server.listen({ ...splitAddress(address), backlog: 4096 }, () => {
      server.off('error', refused);
      // A connection that could not be accepted, for want of file descriptors: its caller tries again.
      server.on('error', () => {});
      const bound = server.address();
      resolve(
        typeof bound === 'object' && bound !== null
          ? `${address.slice(0, address.lastIndexOf(':'))}:${bound.port}`
          : address,
      );
    });
  });
}
