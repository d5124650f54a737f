import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { TanistError } from '../../../foundation/errors.ts';

const timeoutMs = 20_000;
/** Where the system has its own, also for users whose PATH leaves some of them out. */
const systemFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/**
 * Where a tool of the system is; null: it is not installed. Never below `node_modules`, which npm puts in front of the PATH: packages there have tools of the same names
 * (`nft`) that do other things, and succeed.
 */
export function toolPath(name: string): string | null {
  const given = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.split(sep).includes('node_modules'));
  for (const folder of [...given, ...systemFolders]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}

/** Errors: `unavailable`. */
export function requiredTool(name: string): string {
  const path = toolPath(name);
  if (path === null) throw new TanistError('unavailable', `${name} is not installed`);
  return path;
}

/** The tools among them that are not installed. */
export function missingTools(names: readonly string[]): readonly string[] {
  return names.filter((name) => toolPath(name) === null);
}

/**
 * Runs one of the system's tools; what it says. In a session of its own: Ctrl-C at the terminal is for the harness, which heals and undoes with these very tools then.
 * Errors: `unavailable` with what it complains of.
 */
export async function runTool(name: string, args: readonly string[], input = ''): Promise<string> {
  const path = requiredTool(name);
  return await new Promise((resolve, reject) => {
    const child = spawn(path, args, { detached: true, timeout: timeoutMs });
    let said = '';
    let complaint = '';
    const fail = (reason: string): void =>
      reject(new TanistError('unavailable', `${name} ${args.slice(0, 3).join(' ')} …: ${reason}`));
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(said);
      else fail(complaint.trim().split('\n')[0] || `it ended (${signal ?? `exit code ${code}`})`);
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

export const isRoot = (): boolean => process.getuid?.() === 0;
