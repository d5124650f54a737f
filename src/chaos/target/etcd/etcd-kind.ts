import { mkdirSync } from 'node:fs';
import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { startEtcdProcess } from '../../../local/etcd/etcd-process.ts';
import { eventually } from '../../../local/eventually.ts';
import type { Member, Need } from '../../target.ts';
import { etcdLayout } from '../disk/stored-files.ts';
import type { Kind, Seated, Seating } from '../kind.ts';
import { missingTools, requiredTool } from '../machine/run-tool.ts';
import type { MemberProcess } from '../member-processes.ts';
import type { TargetOptions } from '../options.ts';
import { etcdCluster } from './etcd-cluster.ts';

const uses = { client: 0, peer: 1 } as const;
/** etcd serves nobody before it has a quorum: after so long a member that runs counts as started. */
const quorumMs = 10_000;

const notOfEtcd: ReadonlySet<Need> = new Set([
  'tanist',
  'fault-layer',
  'warm-member',
  'cold-member',
  'other-build',
]);

/** All members are voters. Errors: `unavailable` without etcd on the PATH. */
export async function etcdKind({ hot }: TargetOptions): Promise<Kind> {
  if (missingTools(['etcd']).length > 0)
    throw new TanistError('unavailable', 'etcd is not on the PATH; install it (Debian: etcd-server)');
  const ids = Array.from({ length: hot }, (_, n) => `e${n}`);
  // It has no channel to its parent, over which it would hear of its death.
  const tied = missingTools(['setpriv']).length === 0 ? [requiredTool('setpriv'), '--pdeathsig', 'KILL'] : [];
  return {
    ids,
    ports: { portsEach: 2, called: [uses.peer], callers: 'looked-up' },
    layout: etcdLayout,
    seat: async (seating) => seatEtcd(seating, ids, tied),
  };
}

function seatEtcd(seating: Seating, ids: readonly string[], tied: readonly string[]): Seated {
  const { options, network, journal, dataFolder, logFile, isRunning } = seating;
  const address = (id: string, use: number): string => {
    const place = present(
      network.places.find((one) => one.id === id),
      `no member ${id}`,
    );
    return `${place.host}:${place.ports[use]}`;
  };
  const members = ids.map(
    (id): Member => ({ id, tier: 'hot', client: address(id, uses.client), http: null }),
  );
  const cluster = etcdCluster(members, isRunning, (moment) =>
    options.onMoment({ kind: 'leader', atMs: options.nowMs(), ...moment }),
  );
  const all = ids.map((name) => ({ name, advertisedPeer: network.advertised(name, uses.peer) }));
  return {
    members,
    cluster,
    lacks: (need) => (notOfEtcd.has(need) ? 'the target is etcd' : null),
    fault: () => {
      throw new TanistError('unavailable', 'etcd has no layer of faults');
    },
    launch: (id, { prefix, env }): MemberProcess => {
      const folder = dataFolder(id);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const child = startEtcdProcess({
        name: id,
        dataFolder: folder,
        logFile: logFile(id),
        client: address(id, uses.client),
        peer: address(id, uses.peer),
        advertisedPeer: network.advertised(id, uses.peer),
        members: all,
        token: `tanist-chaos-${journal.run}`,
        launch: { prefix: [...prefix, ...tied], env, detached: true },
      });
      const ended = child.exited.then(({ code, signal }) => {
        throw new TanistError('unavailable', `it ended (${signal ?? `exit code ${code}`})`);
      });
      const answers = eventually(async () => ((await cluster.answers(id)) ? true : null), 'no answer', {
        patienceMs: quorumMs,
      }).catch(() => true);
      return { ...child, ready: Promise.race([answers, ended]) };
    },
  };
}
