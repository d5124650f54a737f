import { existsSync } from 'node:fs';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { eventually } from '../../../local/eventually.ts';
import type { Deed } from './journal.ts';
import { processesOf } from './process-facts.ts';
import { runTool } from './run-tool.ts';

/** What was undone and what could not be, a line each. */
export interface Undone {
  readonly done: readonly string[];
  readonly failed: readonly string[];
}

const patienceMs = 5000;

/** Kills what a run has started and undoes what it did, the last first. What is gone already is passed over. */
export async function undoRun(run: string, deeds: readonly Deed[]): Promise<Undone> {
  const done: string[] = [];
  const failed: string[] = [];
  for (const pid of processesOf(run)) if (killed(pid)) done.push(`process ${pid} killed`);
  await eventually(async () => (processesOf(run).length === 0 ? true : null), 'still there', {
    patienceMs,
  }).catch(() => failed.push(`processes ${processesOf(run).join(', ')} do not end`));
  for (const deed of deeds.toReversed()) {
    try {
      const what = await undo(deed);
      if (what !== null) done.push(what);
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { done, failed };
}

/** False: it ended by itself meanwhile, as those do that hear of their parent's end. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Null: there is nothing of it any more. */
export async function undo(deed: Deed): Promise<string | null> {
  switch (deed.kind) {
    case 'namespace':
      if (!existsSync(`/run/netns/${deed.name}`)) return null;
      await runTool('ip', ['netns', 'del', deed.name]);
      return `network namespace ${deed.name} removed`;
    case 'mount':
      if (!(await isMounted(deed.path))) return null;
      await runTool('umount', ['-l', deed.path]);
      return `file system at ${deed.path} unmounted`;
    case 'cgroup':
      if (!existsSync(deed.path)) return null;
      // Its processes are dead; until the kernel has cleared them away it is busy.
      await eventually(() => rmdir(deed.path).then(() => true), `${deed.path} stays`, { patienceMs });
      return `control group ${deed.path} removed`;
    case 'folder':
      if (!existsSync(deed.path)) return null;
      await rm(deed.path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
      await removeEmptyAround(deed.path);
      return `folder ${deed.path} removed`;
  }
}

/** Spaces stand as \040 in mountinfo (proc(5)). */
async function isMounted(path: string): Promise<boolean> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return text.split('\n').some((line) => line.split(' ')[4] === path.replaceAll(' ', '\\040'));
}

/** Where a command keeps the folders of its runs (`cli/chaos`). */
const workPrefix = 'tanist-chaos-';

/** The folders that a killed command had made around this one, as far as nothing else is in them. */
async function removeEmptyAround(path: string): Promise<void> {
  const around: string[] = [];
  for (let folder = dirname(path); dirname(folder) !== folder; folder = dirname(folder)) {
    around.push(folder);
    if (!basename(folder).startsWith(workPrefix)) continue;
    for (const each of around) await rmdir(each).catch(() => undefined);
    return;
  }
}
