import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Beginning } from '../network.ts';
import type { Journal } from './journal.ts';
import { requiredTool } from './run-tool.ts';

/** How members' memory is limited on this machine. */
export interface MemoryLimit {
  /** In a few words. */
  readonly how: string;
  begin(id: string): Promise<Beginning>;
}

const root = '/sys/fs/cgroup';

interface Groups {
  readonly folder: string;
  /** File of the limit in bytes. */
  readonly limit: string;
  /** Of swap, which would let a process live on beyond its limit. */
  readonly swap: string;
}

/**
 * A control group for each member (version 2, or 1 where memory is still there), else the limit of Node.js's own heap. Null: `isNode` is false, and there are no control
 * groups to be had.
 */
export async function memoryLimit(
  megabytes: number,
  journal: Journal,
  isNode: boolean,
): Promise<MemoryLimit | null> {
  const groups = await writableGroups(journal);
  if (groups === null) {
    if (!isNode) return null;
    const flags = [`--max-old-space-size=${megabytes}`];
    return {
      how: `the heap of Node.js, ${megabytes} MB, since no control group can be made`,
      begin: async () => ({ prefix: [], flags, env: {} }),
    };
  }
  return {
    how: `control groups of ${megabytes} MB`,
    begin: async (id) => {
      const folder = join(groups.folder, `tanist-${journal.run}-${id}`);
      const isThere = await access(folder).then(
        () => true,
        () => false,
      );
      if (!isThere) {
        journal.will({ kind: 'cgroup', path: folder });
        await mkdir(folder);
      }
      await writeFile(join(folder, groups.limit), String(megabytes * 1024 * 1024));
      await writeFile(
        join(folder, groups.swap),
        groups.limit === 'memory.max' ? '0' : String(megabytes * 1024 * 1024),
      ).catch(() => undefined);
      return {
        prefix: [requiredTool('sh'), '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder],
        flags: [],
        env: {},
      };
    },
  };
}

/** Below the harness's own group, or at the top. */
async function writableGroups(journal: Journal): Promise<Groups | null> {
  const own = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const second = /^0::(.*)$/m.exec(own)?.[1];
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  const version2 = { limit: 'memory.max', swap: 'memory.swap.max' };
  const version1 = { limit: 'memory.limit_in_bytes', swap: 'memory.memsw.limit_in_bytes' };
  const places = [
    ...(second === undefined
      ? []
      : [
          { folder: join(root, second), ...version2 },
          { folder: root, ...version2 },
        ]),
    ...(first === undefined
      ? []
      : [
          { folder: join(root, 'memory', first), ...version1 },
          { folder: join(root, 'memory'), ...version1 },
        ]),
  ];
  for (const place of places) if (await worksIn(place, journal)) return place;
  return null;
}

async function worksIn({ folder, limit }: Groups, journal: Journal): Promise<boolean> {
  const trial = join(folder, `tanist-${journal.run}-trial`);
  journal.will({ kind: 'cgroup', path: trial });
  try {
    await mkdir(trial);
  } catch {
    return false;
  }
  // In a file system that is no control group's such a file would be made anew.
  const works = await access(join(trial, limit))
    .then(() => writeFile(join(trial, limit), String(1024 ** 3)))
    .then(
      () => true,
      () => false,
    );
  await rmdir(trial).catch(() => undefined);
  return works;
}
