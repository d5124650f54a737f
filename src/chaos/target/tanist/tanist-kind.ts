import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { present } from '../../../foundation/assert.ts';
import { buildKind } from '../../../foundation/build-kind.ts';
import { TanistError } from '../../../foundation/errors.ts';
import type { NodeProcess } from '../../../local/node-process.ts';
import type { Member, MemberTier } from '../../target.ts';
import { tanistLayout } from '../disk/stored-files.ts';
import type { Kind, Seated, Seating } from '../kind.ts';
import type { TargetOptions } from '../options.ts';
import { tanistCluster } from './tanist-cluster.ts';
import { calledUses, portUses, type Seat, startTanistProcess, writeConfig } from './tanist-process.ts';

/** Errors: `unavailable` for a mutant in a build that has none. */
export async function tanistKind({ hot, warm, cold, build, mutant }: TargetOptions): Promise<Kind> {
  const tiers: readonly MemberTier[] = [
    ...Array<MemberTier>(hot).fill('hot'),
    ...Array<MemberTier>(warm).fill('warm'),
    ...Array<MemberTier>(cold).fill('cold'),
  ];
  const lacksFaults = await lacksFaultLayer(build);
  if (mutant !== undefined && lacksFaults !== null)
    throw new TanistError('unavailable', `no mutant can be turned on: ${lacksFaults}`);
  return {
    ids: tiers.map((_, n) => `n${n}`),
    ports: { portsEach: 3, called: calledUses, callers: 'rerouted' },
    layout: tanistLayout,
    seat: (seating) => seatTanist(seating, tiers, lacksFaults),
  };
}

async function seatTanist(
  seating: Seating,
  tiers: readonly MemberTier[],
  lacksFaults: string | null,
): Promise<Seated> {
  const { options, network, dataFolder, logFile, isRunning } = seating;
  const seats = network.places.map((place, n): Seat => ({ place, tier: present(tiers[n], 'a tier each') }));
  const configFile = await writeConfig(options.folder, seats, options.config ?? {});
  const processes = new Map<string, NodeProcess>();
  const onOtherBuild = new Set<string>();
  const members = seats.map(
    ({ place: { id, host, ports }, tier }): Member => ({
      id,
      tier,
      client: `${host}:${ports[portUses.client]}`,
      http: `${host}:${ports[portUses.http]}`,
    }),
  );
  return {
    members,
    cluster: tanistCluster(members, isRunning),
    lacks: (need) => {
      if (need === 'fault-layer') return lacksFaults;
      if (need === 'other-build') return options.otherBuild === undefined ? 'no other build was given' : null;
      if (need === 'warm-member') return tiers.includes('warm') ? null : 'the cluster has no warm member';
      if (need === 'cold-member') return tiers.includes('cold') ? null : 'the cluster has no cold member';
      return null;
    },
    fault: (id, fault) => processes.get(id)?.fault(fault),
    useBuild: (id, build) => {
      if (build === 'other') onOtherBuild.add(id);
      else onOtherBuild.delete(id);
    },
    launch: (id, { prefix, flags, env }) => {
      const { tier } = present(
        seats.find(({ place }) => place.id === id),
        `no member ${id}`,
      );
      const started = startTanistProcess({
        id,
        tier,
        configFile,
        dataFolder: dataFolder(id),
        logFile: logFile(id),
        flags,
        launch: {
          prefix,
          env,
          main: onOtherBuild.has(id) ? options.otherBuild : options.build,
          detached: true,
        },
        mutant: options.mutant,
        onMoment: options.onMoment,
        nowMs: options.nowMs,
      });
      processes.set(id, started);
      return started;
    },
  };
}

/** Another build says itself what it is. */
async function lacksFaultLayer(build: string | undefined): Promise<string | null> {
  const release = 'a release build has no layer of faults';
  if (build === undefined) return buildKind === 'test' ? null : release;
  const file = pathToFileURL(join(dirname(build), '../foundation/build-kind.js')).href;
  const kind: unknown = await import(file).then(
    (module: { readonly buildKind?: unknown }) => module.buildKind,
    () => undefined,
  );
  if (kind === 'test') return null;
  return kind === 'release' ? release : `${build} does not say what kind of build it is`;
}
