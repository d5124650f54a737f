import type { StateClient } from '../../ports/state-client.ts';

export interface Planes {
  readonly state: StateClient;
  close(): Promise<void>;
}

/** The space of the planes, of a Tanist cluster or of an etcd. */
export async function openPlanes(
  endpoints: readonly string[],
  isEtcd: boolean,
  connectMs: number,
  signal?: AbortSignal,
): Promise<Planes> {
  const given = signal === undefined ? {} : { signal };
  if (isEtcd) {
    const { connectEtcd } = await import('../../client/index.ts');
    const client = await connectEtcd({ endpoints, space: 'planes', connectMs, ...given });
    return { state: client, close: () => client.close() };
  }
  const { openClient } = await import('../client.ts');
  const client = await openClient(endpoints, { connectMs, ...given });
  return { state: client.inSpace('planes'), close: async () => void (await client.close()) };
}
