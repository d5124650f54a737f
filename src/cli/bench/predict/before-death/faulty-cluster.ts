import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TanistClient } from '../../../../client/index.ts';
import type { HandOverRecord } from '../../../../failover/before-death/judge-hand-over.ts';
import type { SignalName } from '../../../../failover/before-death/signals.ts';
import type { Cleanup } from '../../../../local/cleanup.ts';
import { eventually } from '../../../../local/eventually.ts';
import { type LocalCluster, startLocalCluster } from '../../../../local/local-cluster.ts';
import type { LogRecord } from '../../../../local/node-process.ts';
import { openClient } from '../../../client.ts';
import { handOversOf } from '../../../commands/cluster/hand-overs.ts';

const run = promisify(execFile);
const mebibyte = 1024 * 1024;
/** Small enough to be filled within a run. */
export const heapMebibytes = 320;
export const diskMebibytes = 256;
const ids = ['n0', 'n1', 'n2'];

export interface Seen {
  readonly id: string;
  /** On the clock of `performance.now()` of this process. */
  readonly atMs: number;
  readonly record: LogRecord & {
    readonly to?: string | null;
    readonly signal?: string;
    readonly inMs?: number;
    readonly because?: string;
  };
}

export interface FaultyCluster {
  readonly cluster: LocalCluster;
  readonly client: TanistClient;
  /** What the nodes have logged so far. */
  readonly seen: readonly Seen[];
  /** Each node has a small disk of its own. */
  readonly ownDisks: boolean;
  folderOf(id: string): string;
  leader(): Promise<string>;
  /** As the node itself measures it; 0: it does not say. */
  signOf(id: string, signal: SignalName): Promise<number>;
  handOvers(): Promise<readonly HandOverRecord[]>;
}

/** Three hot replicas with small heaps, on small disks of their own where this machine lets us mount them. */
export async function startFaulty(
  folder: string,
  stack: Cleanup,
  wantsDisks: boolean,
): Promise<FaultyCluster> {
  const seen: Seen[] = [];
  const ownDisks = wantsDisks && (await mountDisks(folder, stack));
  const cluster = await startLocalCluster({
    folder,
    hot: 3,
    flags: [`--max-old-space-size=${heapMebibytes}`],
    config: {
      // A busy machine is not what is measured: nobody is deposed for its stalls.
      timing: { suspicionFloorMs: 500, suspicionCeilingMs: 1500, electionMs: 2000 },
      disk: { reserveBytes: 16 * mebibyte },
      // What the log may grow to would fill the small disks by itself.
      limits: { logDiskBytes: 16 * mebibyte },
    },
    onLog: (id, record) => seen.push({ id, atMs: (record.atMs ?? 0) - performance.timeOrigin, record }),
  });
  stack.defer(() => cluster.stop());
  const client = await openClient(cluster.endpoints, { deadlineMs: 20_000 });
  stack.defer(() => client.close());
  return {
    cluster,
    client,
    seen,
    ownDisks,
    folderOf: (id) => join(folder, id),
    leader: () =>
      eventually(async () => {
        const { leader, members } = await client.status({ deadlineMs: 2000 });
        return members.every(({ health }) => health === 'healthy') ? leader : null;
      }, 'no leader of three healthy members'),
    signOf: async (id, signal) => {
      const page = await (await fetch(`http://${cluster.node(id).addresses.http}/metrics`)).text();
      const found = new RegExp(`^tanist_vital_sign\\{signal="${signal}"\\} (\\S+)`, 'm').exec(page);
      return Number(found?.[1] ?? 0);
    },
    handOvers: () => handOversOf(client, { deadlineMs: 5000 }),
  };
}

/** False: this machine does not let us; whatever was mounted is not any more. */
async function mountDisks(folder: string, stack: Cleanup): Promise<boolean> {
  const mounted: string[] = [];
  const unmount = async (): Promise<void> => {
    for (const path of mounted.splice(0)) await run('umount', ['-l', path]).catch(() => undefined);
  };
  try {
    for (const id of ids) {
      const path = join(folder, id);
      await mkdir(path, { recursive: true });
      await run('mount', ['-t', 'tmpfs', '-o', `size=${diskMebibytes}m,mode=700`, 'tmpfs', path]);
      mounted.push(path);
    }
  } catch {
    await unmount();
    return false;
  }
  stack.defer(unmount);
  return true;
}
