import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MutantName } from '../../../foundation/mutants.ts';
import { mutantVariable } from '../../../local/node-channel.ts';
import { type Launch, type NodeProcess, startNodeProcess } from '../../../local/node-process.ts';
import type { Moment } from '../../moment.ts';
import type { MemberTier } from '../../target.ts';
import type { Place } from '../network.ts';
import { momentOfLog } from './log-moments.ts';

/** Services of a member, by their place among its ports. */
export const portUses = { client: 0, peer: 1, http: 2 } as const;
/** Those that members call of each other: replicas beyond the quorum are fed from the client port. */
export const calledUses = [portUses.client, portUses.peer];

export interface Seat {
  readonly place: Place;
  readonly tier: MemberTier;
}

/** One config for all. */
export async function writeConfig(
  folder: string,
  seats: readonly Seat[],
  further: Readonly<Record<string, object>>,
): Promise<string> {
  const file = join(folder, 'cluster.yaml');
  const { nodes: labelled = [], ...sections } = further;
  const labels = labelsByTier(labelled as readonly Labelled[]);
  const nodes = seats.map(({ place: { id, host, ports }, tier }) => ({
    id,
    host,
    client: ports[portUses.client],
    peer: ports[portUses.peer],
    http: ports[portUses.http],
    tier,
    labels: labels(tier),
  }));
  // JSON is YAML.
  await writeFile(file, `${JSON.stringify({ cluster: 'chaos', nodes, ...sections }, null, 2)}\n`);
  return file;
}

interface Labelled {
  readonly tier: MemberTier;
  readonly labels: Readonly<Record<string, string>>;
}

/** The labels of the next node of the tier, in turn; of any node where a tier has none. */
function labelsByTier(given: readonly Labelled[]): (tier: MemberTier) => Labelled['labels'] {
  const taken = new Map<MemberTier, number>();
  return (tier) => {
    const own = given.filter((node) => node.tier === tier);
    const from = own.length > 0 ? own : given;
    const n = taken.get(tier) ?? 0;
    taken.set(tier, n + 1);
    return from[n % from.length]?.labels ?? {};
  };
}

export interface TanistProcessOptions {
  readonly id: string;
  readonly tier: MemberTier;
  readonly configFile: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly flags: readonly string[];
  readonly launch: Launch;
  readonly mutant: MutantName | undefined;
  readonly onMoment: (moment: Moment) => void;
  readonly nowMs: () => number;
}

export function startTanistProcess(options: TanistProcessOptions): NodeProcess {
  const { launch, mutant, onMoment, nowMs } = options;
  mkdirSync(options.dataFolder, { recursive: true });
  return startNodeProcess({
    ...options,
    launch: {
      ...launch,
      env: { ...launch.env, ...(mutant === undefined ? {} : { [mutantVariable]: mutant }) },
    },
    onLog: (id, record) => {
      const moment = momentOfLog(id, record, nowMs());
      if (moment !== null) onMoment(moment);
    },
  });
}
