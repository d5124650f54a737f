import { spawn } from 'node:child_process';
import type { RunFence } from '../../replication/forced/forced-policy.ts';

const defaultPatienceMs = 60_000;
/** Of what the command says on standard error, for the log. */
const mostSaid = 200;

/** The configured command with the member's id and client address behind its arguments. One that has not ended by then is ended with all that it began. */
export const runFence: RunFence = (command, member) => fenceWith(defaultPatienceMs)(command, member);

export const fenceWith =
  (patienceMs: number): RunFence =>
  ([program, ...args], { id, client }) =>
    new Promise((resolve) => {
      if (program === undefined) {
        resolve('no fence command is configured');
        return;
      }
      // In a group of its own: what hangs is often a child of the command's.
      const child = spawn(program, [...args, id, client], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      let said = '';
      let isLate = false;
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (text: string) => {
        said = (said + text).slice(0, mostSaid);
      });
      const timer = setTimeout(() => {
        isLate = true;
        endGroup(child.pid);
      }, patienceMs);
      child.once('error', (error) => {
        clearTimeout(timer);
        resolve(`${program} cannot be run: ${error.message}`);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        child.stderr.destroy();
        const text = said.trim().replaceAll(/\s+/g, ' ');
        const how = isLate
          ? `${program} hung for ${patienceMs} ms`
          : `${program} ended with ${signal ?? code}`;
        resolve(code === 0 && !isLate ? null : text === '' ? how : `${how}: ${text}`);
      });
    });

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
