import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AgentStats } from '../../dependencies/agent/options.ts';
import { TanistError } from '../../foundation/errors.ts';
import { channelVariable } from '../../local/node-channel.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

export interface AgentProcess {
  readonly id: string;
  readonly pid: number;
  /** The npm registry, `host:port`. */
  readonly address: string;
  readonly peerAddress: string;
  stats(): Promise<AgentStats>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** `tanist agent` as a child process, which ends with this one. Fails as `unavailable` with its last words. */
export async function startAgentProcess(
  id: string,
  endpoints: readonly string[],
  cache: string,
  more: readonly string[] = [],
): Promise<AgentProcess> {
  const asked = [
    'agent',
    '--json',
    '--id',
    id,
    '--endpoints',
    endpoints.join(','),
    '--cache',
    cache,
    '--listen',
    '127.0.0.1:0',
  ];
  const child = spawn(process.execPath, [main, ...asked, ...more], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, [channelVariable]: '1' },
  });
  const ready = await readyLine(child, id);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    id,
    pid: child.pid ?? 0,
    ...ready,
    stats: () => statsAt(ready.peerAddress),
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** What an agent says of itself. Fails as `unavailable`. */
export function statsAt(peerAddress: string, timeoutMs = 3000): Promise<AgentStats> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `http://${peerAddress}/v1/stats`,
      { agent: false, timeout: timeoutMs },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          try {
            resolve(JSON.parse(Buffer.concat(parts).toString('utf8')) as AgentStats);
          } catch (error) {
            reject(
              new TanistError('unavailable', `the agent at ${peerAddress} does not say how it is`, {
                cause: error,
              }),
            );
          }
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('it is silent')));
    asked.on('error', (error) =>
      reject(new TanistError('unavailable', `the agent at ${peerAddress} cannot be asked: ${error.message}`)),
    );
    asked.end();
  });
}

function readyLine(child: ChildProcess, id: string): Promise<{ address: string; peerAddress: string }> {
  return new Promise((resolve, reject) => {
    let tail = '';
    child.stderr?.on('data', (text: Buffer) => {
      tail = (tail + text.toString('utf8')).slice(-2000);
    });
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        try {
          const said = JSON.parse(line) as { readonly ready?: boolean; address: string; peerAddress: string };
          if (said.ready === true) resolve(said);
        } catch {
          tail += line;
        }
      });
    child.once('close', () =>
      reject(new TanistError('unavailable', `agent ${id} did not start: ${tail.trim()}`)),
    );
  });
}
