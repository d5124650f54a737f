import type { OtherState } from '../../mirrors/index.ts';

/** Connects to where a source of kind `etcd` is. The client is loaded by processes that have such sources. Fails as `unavailable`. */
export async function otherEtcd(endpoints: readonly string[]): Promise<OtherState> {
  const { connectEtcd } = await import('../../client/etcd/connect-etcd.ts');
  const client = await connectEtcd({ endpoints, space: 'user' });
  return { client, close: () => client.close() };
}
