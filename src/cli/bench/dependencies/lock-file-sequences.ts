import { readFile } from 'node:fs/promises';
import type { Item, RequestSequence } from '../../../dependencies/pre-cache/sequence.ts';
import type { Random } from '../../../foundation/random.ts';
import { jittered } from './fleet-sequences.ts';

/**
 * One installation of each recorded lock file (`lock-files.txt`, which says how it was recorded), in the order of time: what was locked, when and for which tool is
 * real, and so are the sizes, of one version for all of a package. Drawn is how neighbours change places on the way.
 */
export async function lockFileSequences(file: URL, random: Random): Promise<readonly RequestSequence[]> {
  return parseLockFiles(await readFile(file, 'utf8')).map(({ project, day, items }, i) => ({
    application: project,
    sandbox: `s${i}`,
    startedMs: Date.parse(`${day}T12:00:00Z`),
    items: jittered(items, random),
    used: null,
    ended: true,
  }));
}

interface LockFile {
  readonly project: string;
  /** Such as 2025-02-01. */
  readonly day: string;
  /** By path, in their order. */
  readonly items: readonly Item[];
}

export function parseLockFiles(text: string): readonly LockFile[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const end = lines.indexOf('');
  const numbered = lines.slice(0, end).flatMap((line) => {
    const [name = '', ...versions] = line.split(' ');
    return versions.map((each): Item => {
      const [version = '', kibibytes = ''] = each.split('=');
      const path = `${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
      return { path, key: null, sizeBytes: 1024 * Number(kibibytes) };
    });
  });
  const latest = new Map<string, ReadonlySet<number>>();
  const lockFiles = lines.slice(end + 1).flatMap((line): LockFile[] => {
    const [day = '', project = '', ...changes] = line.split(' ');
    if (project === '') return [];
    const numbers = new Set(latest.get(project));
    for (const change of changes) {
      const number = Number(change.slice(1));
      if (change.startsWith('-')) numbers.delete(number);
      else numbers.add(number);
    }
    latest.set(project, numbers);
    const items = [...numbers].sort((a, b) => a - b).flatMap((number) => numbered[number] ?? []);
    return [{ project, day, items }];
  });
  return lockFiles.sort((a, b) => a.day.localeCompare(b.day));
}
