import { spawn } from 'node:child_process';
import { TanistError } from '../../foundation/errors.ts';
import type { OriginOf } from '../config/source-schema.ts';
import { tooLarge } from './bounded-body.ts';
import { failedBy, parsed } from './failed.ts';
import type { Origin } from './origin.ts';
import { textFor } from './template.ts';

/** A program's standard output. No shell; the key is one argument, and never an option (`--`-like keys are refused). */
export function commandOrigin(config: OriginOf<'command'>): Origin {
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
        const text = await outputOf(program, args, signal, maxBytes);
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
  signal: AbortSignal,
  maxBytes: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const stop = (): void => void child.kill('SIGKILL');
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
