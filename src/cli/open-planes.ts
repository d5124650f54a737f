import type { StateClient } from '../ports/state-client.ts';

export interface Planes {
  readonly state: StateClient;
  close(): Promise<void>;
}

/** The space of the planes, of a Tanist cluster or of an etcd. */
export async function openPlanes(
  endpoints: readonly string[],
  isEtcd: boolean,
  options: { readonly connectMs: number; readonly deadlineMs?: number; readonly signal?: AbortSignal },
): Promise<Planes> {
  if (isEtcd) {
    const { connectEtcd } = await import('../client/index.ts');
    const client = await connectEtcd({ endpoints, space: 'planes', ...options });
    return { state: client, close: () => client.close() };
  }
  const { openClient } = await import('./client.ts');
  const client = await openClient(endpoints, options);
  return { state: client.inSpace('planes'), close: async () => void (await client.close()) };
}
