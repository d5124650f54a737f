import { execFile } from 'node:child_process';
import type { RunFence } from '../../replication/forced/forced-policy.ts';

const patienceMs = 60_000;

/** The configured command with the member's id and client address behind its arguments. True only if it ended with 0. */
export const runFence: RunFence = ([program, ...args], { id, client }) =>
  new Promise((resolve) => {
    if (program === undefined) {
      resolve(false);
      return;
    }
    execFile(program, [...args, id, client], { timeout: patienceMs, killSignal: 'SIGKILL' }, (error) =>
      resolve(error === null),
    );
  });
