import type { TanistClient } from '../client/index.ts';
import { TanistError } from '../foundation/errors.ts';
import type { CallOptions } from '../ports/state-client.ts';
import type { Status } from '../protocol/status/status.ts';

/** Connects to whichever endpoint answers first. The library is loaded now, not before. */
export async function openClient(
  endpoints: readonly string[],
  options: { readonly connectMs?: number; readonly deadlineMs?: number; readonly signal?: AbortSignal } = {},
): Promise<TanistClient> {
  const { connect } = await import('../client/index.ts');
  try {
    const client = await connect({ endpoints, ...options });
    sayOfConflicts(client);
    return client;
  } catch (error) {
    if (!(error instanceof TanistError) || error.code !== 'unavailable') throw error;
    throw new TanistError(
      error.code,
      `${error.message}; is the cluster up? --endpoints or TANIST_ENDPOINTS names its nodes, tanist up starts one here`,
      { cause: error },
    );
  }
}

/** What else answers at the endpoints is passed over: on stderr, each thing once. */
function sayOfConflicts(client: TanistClient): void {
  const said = new Set<string>();
  const say = ({ message }: TanistError): void => {
    if (!said.has(message)) process.stderr.write(`${message}\n`);
    said.add(message);
  };
  const found = client.conflict();
  if (found !== null) say(found);
  client.on('conflict', ({ error }) => say(error));
}

/** As the leader sees the cluster; where there is none, as the first endpoint that answers does. */
export async function clusterStatus(
  client: TanistClient,
  endpoints: readonly string[],
  options: CallOptions,
): Promise<Status> {
  if (client.routing()?.leader != null) {
    try {
      return await client.status(options);
    } catch (error) {
      if (!(error instanceof TanistError) || !error.retryable) throw error;
    }
  }
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      return await client.status({ ...options, endpoint });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
