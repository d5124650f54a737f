import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/api/system-clock.ts';
import { startAgent } from '../../src/dependencies/agent/agent.ts';
import { type AgentOptions, agentDefaults, type RunningAgent } from '../../src/dependencies/agent/options.ts';
import type { NpmConfig } from '../../src/dependencies/npm/npm-config.ts';
import { configFor } from '../../src/dependencies/npm/npm-config.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { MemoryState } from './memory-state.ts';

/** Agents of one registry in this process, each with a cache folder of its own. */
export class Fleet {
  readonly state = new MemoryState();
  readonly said: string[] = [];
  readonly #folders: string[] = [];
  readonly #agents: RunningAgent[] = [];

  async agent(id: string, npm: NpmConfig | string, more: Partial<AgentOptions> = {}): Promise<RunningAgent> {
    const cacheFolder = more.cacheFolder ?? (await this.folder());
    const agent = await startAgent(
      { ...agentDefaults, stallMs: 30_000, id, cacheFolder, ...more },
      {
        registry: new StateRegistry(this.state, systemClock),
        npm: typeof npm === 'string' ? configFor(npm) : npm,
        clock: systemClock,
        state: this.state,
        say: (text) => this.said.push(text),
      },
    );
    this.#agents.push(agent);
    return agent;
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tanist-agent-'));
    this.#folders.push(folder);
    return folder;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

export interface Got {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Fails where the answer breaks off. */
export function get(
  address: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Got> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const sent = request({ host, port: Number(port), path, headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) reject(new Error('broke off'));
        else
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The test's own time limit ends it where it never comes true. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
}
