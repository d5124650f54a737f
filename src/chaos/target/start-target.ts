import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { NodeProcess } from '../../local/node-process.ts';
import type { Member, MemberTier, Target } from '../target.ts';
import { MemberProcesses } from './member-processes.ts';
import type { TargetOptions } from './options.ts';
import { proxyNetwork } from './proxy/proxy-network.ts';
import { tanistCluster } from './tanist/tanist-cluster.ts';
import { calledUses, portUses, type Seat, startTanistProcess, writeConfig } from './tanist/tanist-process.ts';

export type { TargetOptions } from './options.ts';

/**
 * Starts a cluster of processes for the harness; resolves when all members serve and follow one leader. Nothing of it is left when it fails. Errors: `unavailable` with
 * the tail of the log of the member that does not start, `port-taken`.
 */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const { folder, nowMs, onMoment } = options;
  const tiers: readonly MemberTier[] = [
    ...Array<MemberTier>(options.hot).fill('hot'),
    ...Array<MemberTier>(options.warm).fill('warm'),
    ...Array<MemberTier>(options.cold).fill('cold'),
  ];
  const ids = tiers.map((_, n) => `n${n}`);
  await mkdir(join(folder, 'logs'), { recursive: true });
  const network = await proxyNetwork({ ids, portsEach: 3, called: calledUses, why: 'asked for' });
  const seats = network.places.map((place, n): Seat => ({ place, tier: present(tiers[n], 'a tier each') }));
  const configFile = await writeConfig(folder, seats, options.config ?? {});
  const dataFolder = (id: string): string => join(folder, id);
  const logFile = (id: string): string => join(folder, 'logs', `${id}.log`);
  const members = seats.map(
    ({ place: { id, host, ports }, tier }): Member => ({
      id,
      tier,
      client: `${host}:${ports[portUses.client]}`,
      http: `${host}:${ports[portUses.http]}`,
    }),
  );
  const processes = new MemberProcesses<NodeProcess>(
    async (id) => {
      const { prefix, flags, env } = network.start(id);
      const started = startTanistProcess({
        id,
        tier: present(
          seats.find(({ place }) => place.id === id),
          `no member ${id}`,
        ).tier,
        configFile,
        dataFolder: dataFolder(id),
        logFile: logFile(id),
        flags,
        launch: { prefix, env, main: options.build },
        mutant: options.mutant,
        onMoment,
        nowMs,
      });
      await network.started(id, started.pid);
      return started;
    },
    (member, state) => onMoment({ kind: 'process', atMs: nowMs(), member, state }),
  );
  const cluster = tanistCluster(members, (id) => processes.pid(id) !== null);
  const stop = async (): Promise<void> => {
    await network.links.heal().catch(() => undefined);
    await cluster.close();
    await processes.stop();
    await network.close();
  };
  try {
    await Promise.all(ids.map((id) => processes.start(id)));
    await cluster.settled();
  } catch (error) {
    await stop();
    throw error;
  }
  const none = (): never => {
    throw new TanistError('unavailable', 'not yet');
  };
  return {
    kind: 'tanist',
    links: network.links,
    disk: { flipBit: none, truncateTail: none, remove: none, save: none, putBack: none },
    members,
    endpoints: members.map((member) => member.client),
    lacks: () => 'not yet',
    pid: (id) => processes.pid(id),
    dataFolder,
    logFile,
    ...cluster,
    signal: (id, signal) => processes.signal(id, signal),
    exited: (id) => processes.exited(id),
    start: (id, clock) => processes.start(id, clock),
    fault: (id, fault) => processes.of(id)?.fault(fault),
    stop,
  };
}
