import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { Need, Target } from '../target.ts';
import { chooseNetwork } from './choose-network.ts';
import { memberDisk } from './disk/member-disk.ts';
import { type Equipment, equip } from './equipment.ts';
import { etcdKind } from './etcd/etcd-kind.ts';
import type { Seated } from './kind.ts';
import { Journal } from './machine/journal.ts';
import { runVariable } from './machine/process-facts.ts';
import { undoRun } from './machine/undo.ts';
import { type MemberProcess, MemberProcesses } from './member-processes.ts';
import type { Beginning, Network } from './network.ts';
import type { TargetOptions } from './options.ts';
import { tanistKind } from './tanist/tanist-kind.ts';
import { WrongRates } from './wrong-rates.ts';

export type { TargetOptions } from './options.ts';

/**
 * Starts a cluster of processes for the harness; resolves when all members serve and follow one leader. Nothing of it is left when it fails. Errors: `unavailable` with
 * the tail of the log of the member that does not start, or with what the machine lacks; `port-taken`; `data-not-writable` when the harness's own disk is full.
 */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const journal = Journal.begin();
  const undos: (() => Promise<unknown>)[] = [() => ended(journal, options)];
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= undoAll(undos);
    return stopped;
  };
  try {
    return await begin(options, journal, undos, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function begin(
  options: TargetOptions,
  journal: Journal,
  undos: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Target> {
  const { folder, nowMs, onMoment } = options;
  if (options.temporaryFolder === true) journal.will({ kind: 'folder', path: folder });
  await mkdir(join(folder, 'logs'), { recursive: true }).catch(unwritable(folder));
  const kind = await (options.kind === 'tanist' ? tanistKind(options) : etcdKind(options));
  const network = await chooseNetwork({ ...options, ...kind.ports, ids: kind.ids, journal });
  undos.push(() => network.close());
  const equipment = await equip(options, kind.ids, journal);
  const { dataFolder } = equipment;
  const logFile = (id: string): string => join(folder, 'logs', `${id}.log`);
  const isRunning = (id: string): boolean => processes.pid(id) !== null;
  const seated = await kind
    .seat({ options, network, journal, dataFolder, logFile, isRunning })
    .catch(unwritable(folder));
  const { members, cluster } = seated;
  const processes: MemberProcesses<MemberProcess> = new MemberProcesses(
    async (id, clock) => {
      const beginnings = [network.start(id), ...(await equipment.begin(id, clock))];
      const started = seated.launch(id, combined(beginnings, { [runVariable]: journal.run }));
      await network.started(id, started.pid);
      return started;
    },
    (member, state) => onMoment({ kind: 'process', atMs: nowMs(), member, state }),
  );
  const rates = new WrongRates();
  undos.push(
    () => processes.stop(),
    () => cluster.close(),
    () => network.links.heal(),
  );
  await Promise.all(kind.ids.map((id) => processes.start(id)));
  await cluster.settled();
  return {
    kind: options.kind,
    links: network.links,
    disk: memberDisk({
      layout: kind.layout,
      savedFolder: join(folder, 'saved'),
      dataFolder,
      isRunning,
      smallDisk: (id) => equipment.smallDisk(id),
    }),
    members,
    endpoints: members.map((member) => member.client),
    lacks: (need) => lackOf(need, options, network, equipment, seated),
    pid: (id) => processes.pid(id),
    dataFolder,
    logFile,
    leader: cluster.leader,
    heirs: cluster.heirs,
    term: cluster.term,
    transfer: cluster.transfer,
    settled: cluster.settled,
    signal: (id, signal) => processes.signal(id, signal),
    exited: (id) => processes.exited(id),
    start: (id, clock) => {
      rates.began(id, clock?.rate ?? 1, nowMs());
      return processes.start(id, clock);
    },
    get wrongRates() {
      return rates.all;
    },
    fault: (id, fault) => seated.fault(id, fault),
    useBuild: (id, build) => seated.useBuild?.(id, build),
    stop,
  };
}

function lackOf(
  need: Need,
  { hot }: TargetOptions,
  { links }: Network,
  equipment: Equipment,
  seated: Seated,
): string | null {
  if (need === 'five-hot' && hot < 5) return `the cluster has ${hot} voters`;
  if (need === 'packet-loss' && !links.can('loss')) return `a proxy loses no packets: ${links.why}`;
  return seated.lacks(need) ?? equipment.lacks[need] ?? null;
}

function combined(all: readonly Beginning[], env: Readonly<Record<string, string>>): Beginning {
  return {
    prefix: all.flatMap(({ prefix }) => prefix),
    flags: all.flatMap(({ flags }) => flags),
    env: Object.assign({}, ...all.map((one) => one.env), env) as Readonly<Record<string, string>>,
  };
}

/** The last first; each is tried, and the first failure told at the end. */
async function undoAll(undos: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const undo of undos.toReversed()) await undo().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** All but the folder, which is the caller's: logs are still to be read there. What could not be undone stays in the journal, for `cleanLeftovers`. */
async function ended(journal: Journal, { onMoment, nowMs }: TargetOptions): Promise<void> {
  const deeds = journal.deeds.filter(({ kind }) => kind !== 'folder');
  const { failed } = await undoRun(journal.run, deeds);
  for (const text of failed)
    onMoment({ kind: 'note', atMs: nowMs(), member: null, text: `not undone: ${text}` });
  if (failed.length === 0) journal.end();
}

const unwritable =
  (folder: string) =>
  (cause: unknown): never => {
    if (cause instanceof TanistError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TanistError(
      'data-not-writable',
      `the harness cannot write to ${folder} (${reason}): make room, or choose another folder`,
      { cause },
    );
  };
