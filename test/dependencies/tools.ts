import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const acquireMs = 20_000;

/** A package manager from the registry that this machine's npm is configured for. In words why it cannot be had, as without a network. */
export async function fetchTool(
  spec: string,
  folder: string,
  script: string,
): Promise<{ readonly script: string } | { readonly lack: string }> {
  await mkdir(folder, { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'];
  const network = ['--prefer-offline', '--fetch-retries=0', '--fetch-timeout=10000', '--loglevel=error'];
  try {
    await run('npm', ['install', '--prefix', folder, ...flags, ...network, `tool@npm:${spec}`], {
      cwd: folder,
      timeout: acquireMs,
    });
    return { script: join(folder, 'node_modules', 'tool', script) };
  } catch (error) {
    const isLate = (error as { readonly killed?: boolean }).killed === true;
    const why = isLate
      ? `not within ${acquireMs} ms`
      : String((error as Partial<Told>).stderr)
          .trim()
          .slice(0, 300);
    return { lack: `${spec} cannot be had (${why})` };
  }
}

export interface Told {
  readonly stdout: string;
  readonly stderr: string;
}

/** With a home of its own: what the user of this machine has configured or cached counts for nothing. */
export async function runTool(
  command: string,
  args: readonly string[],
  home: string,
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const env = { PATH: process.env.PATH ?? '', HOME: home, LC_ALL: 'C', CI: '1', ...more };
  try {
    return await run(command, args, { cwd, env, timeout: 25_000 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as Partial<Told>;
    throw new Error(`${command} ${args.join(' ')}: ${String(error)}\n${stdout}\n${stderr}`);
  }
}
