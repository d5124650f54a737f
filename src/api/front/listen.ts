import type { Server } from 'node:net';
import { splitAddress } from '../../foundation/address.ts';
import { bindError } from '../../transport/bind-error.ts';

/** Resolves to the bound address. `whom`: for the message. Errors: `port-taken`, `config-invalid`. */
export function listen(server: Server, address: string, whom: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error): void => {
      reject(bindError(address, whom, cause));
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
