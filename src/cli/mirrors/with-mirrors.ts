import { otherEtcd } from '../../api/start/other-etcd.ts';
import { type Mirrors, type MirrorsOptions, openMirrors } from '../../mirrors/index.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { endpointsOf, whileWaiting } from '../command.ts';
import { openPlanes } from '../open-planes.ts';
import type { Output } from '../terminal/output.ts';
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
  const { etcd } = options;
  const endpoints = etcd ?? endpointsOf(options);
  await whileWaiting(endpoints, options, async (out) => {
    const given = { connectMs: deadlineMs, deadlineMs };
    const planes = await openPlanes(endpoints, etcd !== undefined, given);
    try {
      const { may, ...others } = rest;
      await using mirrors = await openMirrors(planes.state, {
        clusterMs: deadlineMs / 2,
        ...others,
        may: { etcd: otherEtcd, ...may },
      });
      await act({ client: planes.state, mirrors, out });
    } finally {
      await planes.close();
    }
  });
}
