import { otherEtcd } from '../../api/start/other-etcd.ts';
import { connect } from '../../client/connect.ts';
import { connectEtcd } from '../../client/etcd/connect-etcd.ts';
import { type Mirrors, type MirrorsOptions, openMirrors } from '../../mirrors/index.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { endpointsOf } from '../command.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import type { MirrorOptions } from './options.ts';

export interface MirrorContext {
  readonly client: StateClient;
  readonly mirrors: Mirrors;
  readonly out: Output;
}

/** Runs `act` with the mirrors of a cluster, Tanist's or etcd's, which are closed afterwards. */
export async function withMirrors(
  options: MirrorOptions,
  act: (context: MirrorContext) => Promise<void>,
  rest: MirrorsOptions = {},
): Promise<void> {
  const deadlineMs = options.timeout ?? 5000;
  const out = outputTo(options.json === true);
  const client =
    options.etcd === undefined
      ? await connect({ endpoints: endpointsOf(options), space: 'planes', connectMs: deadlineMs, deadlineMs })
      : await connectEtcd({ endpoints: options.etcd, space: 'planes' });
  try {
    const { may, ...others } = rest;
    await using mirrors = await openMirrors(client, {
      clusterMs: deadlineMs / 2,
      ...others,
      may: { etcd: otherEtcd, ...may },
    });
    await act({ client, mirrors, out });
  } finally {
    await client.close();
  }
}
