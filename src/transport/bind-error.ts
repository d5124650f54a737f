import { TanistError } from '../foundation/errors.ts';

/** Why nobody can listen there: `port-taken`, or `config-invalid` where the address is none of this machine's or is not for this user. `what` is to be had there. */
export function bindError(address: string, what: string, cause: Error): TanistError {
  const why = `cannot listen on ${address} for ${what}`;
  if (cause.message.includes('EADDRINUSE'))
    return new TanistError(
      'port-taken',
      `${why}: it is taken; stop what listens there, or choose another port`,
      {
        cause,
      },
    );
  return new TanistError(
    'config-invalid',
    `${why}: ${cause.message}; see host and ports of this node in the config`,
    {
      cause,
    },
  );
}
