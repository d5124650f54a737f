import type { Target } from '../../../src/chaos/target.ts';
import { connect } from '../../../src/client/connect.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { eventually } from '../../../src/local/eventually.ts';
import type { LocalCluster } from '../../../src/local/local-cluster.ts';

const unused = (): never => {
  throw new TanistError('invalid-argument', 'this target has no such fault');
};

/** What traffic needs of a target, of a cluster on this machine. */
export function localTarget(cluster: LocalCluster): Target {
  const asking = connect({ endpoints: cluster.endpoints });
  const leader = (): Promise<string> =>
    eventually(async () => (await (await asking).status()).leader, 'no leader');
  return {
    kind: 'tanist',
    wrongRates: [],
    links: { how: 'proxy', why: 'a test', can: () => false, shape: unused, heal: async () => undefined },
    disk: {
      flipBit: unused,
      truncateTail: unused,
      remove: unused,
      save: unused,
      putBack: unused,
      fill: unused,
    },
    members: cluster.nodes.map(({ id, tier, addresses }) => ({
      id,
      tier,
      client: addresses.client,
      http: addresses.http,
    })),
    endpoints: cluster.endpoints,
    lacks: () => null,
    pid: (id) => cluster.node(id).pid,
    dataFolder: unused,
    logFile: unused,
    leader,
    heirs: async () => (await (await asking).status()).succession.map(String),
    term: async () => (await (await asking).status()).term,
    signal: (id, signal) => cluster.kill(id, signal),
    exited: async (id) => {
      await cluster.node(id).exited;
    },
    start: async (id) => {
      await cluster.restart(id);
    },
    fault: (id, fault) => cluster.fault(id, fault),
    transfer: async (to) => {
      await (await asking).transfer(to);
    },
    settled: async () => undefined,
    stop: async () => {
      await (await asking).close();
    },
  };
}
