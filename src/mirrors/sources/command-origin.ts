import { spawn } from 'node:child_process';
import { TanistError } from '../../foundation/errors.ts';
import type { OriginOf } from '../config/source-schema.ts';
import { tooLarge } from './bounded-body.ts';
import { failedBy, parsed } from './failed.ts';
import type { Origin } from './origin.ts';
import { type SecretPlaces, secretsOf } from './secrets.ts';
import { textFor } from './template.ts';

/** What an environment can carry. */
const withoutNul = /^[^\0]*$/;

/** A program's standard output. No shell; the key is one argument, and never an option (`--`-like keys are refused). */
export function commandOrigin(config: OriginOf<'command'>, places: SecretPlaces): Origin {
  const [program = '', ...rest] = config.argv;
  return {
    async fetch({ key, signal, maxBytes }) {
      try {
        if (key.startsWith('-'))
          throw new TanistError(
            'origin-refused',
            `${key}: a key that looks like an option is not given to a command`,
          );
        const args = rest.map((argument) => textFor(argument, key));
        const text = await outputOf(
          program,
          args,
          await secretsOf(config.env, places, withoutNul),
          signal,
          maxBytes,
        );
        return {
          kind: 'content',
          document: parsed(text, config.parse),
          validators: {},
          changedAtMs: null,
          originMs: null,
        };
      } catch (error) {
        return failedBy(error, signal);
      }
    },
  };
}

function outputOf(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
  maxBytes: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    // A group of its own: what it started ends with it.
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...environment },
    });
    const endAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    const stop = (): void => {
      endAll();
      // Whoever left the group may hold its output open.
      child.stdout.destroy();
    };
    const pieces: Buffer[] = [];
    let bytes = 0;
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > maxBytes) {
        stop();
        reject(tooLarge(maxBytes));
      } else pieces.push(piece);
    });
    child.on('error', reject);
    child.on('exit', endAll);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'));
      else
        reject(
          new TanistError(
            signal.aborted ? 'origin-slow' : 'origin-failed',
            signal.aborted
              ? 'the command did not end in time and was stopped'
              : `the command ended with ${code === null ? 'a signal' : `exit code ${code}`}`,
          ),
        );
    });
  });
}
