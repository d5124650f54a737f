import { Agent as HttpAgent } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';
import { collect } from '../http/reply.ts';
import { openOnce } from '../outside/http-open.ts';
import { directly } from '../outside/routes.ts';

const headMs = 2000;
const mostBytes = 4 * 1024 * 1024;

/** Whether the agent that registered so is there, and is still that one: at its address may be another by now. */
export async function answers(sandbox: SandboxFacts, clock: Clock): Promise<boolean> {
  const url = new URL(`http://${sandbox.address}/v1/stats`);
  const agent = new HttpAgent();
  const signal = AbortSignal.timeout(2 * headMs);
  try {
    const response = await openOnce(url, { clock, signal, route: directly(agent), headMs });
    const said = JSON.parse((await collect(response, mostBytes)).toString('utf8')) as {
      readonly sandbox?: Partial<SandboxFacts>;
    };
    return said.sandbox?.id === sandbox.id && said.sandbox.instance === sandbox.instance;
  } catch {
    return false;
  } finally {
    agent.destroy();
  }
}
