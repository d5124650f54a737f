#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createProgram } from './program.ts';
import { errorText, exitCode } from './terminal/fail.ts';

async function main(): Promise<void> {
  const program = createProgram(packageVersion());
  failWithUsage(program);
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    if (isCommanderExit(error)) {
      // Commander has already said it. Help that was asked for is a success.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`tanist: ${errorText(error)}\n`);
    process.exitCode = exitCode(error);
  }
}

function failWithUsage(command: Command): void {
  command.exitOverride();
  command.configureOutput({
    outputError: (text, write) =>
      write(
        `${text
          .replace(/^error:/, 'tanist:')
          .trim()
          .replace(/\s*\n\s*/g, ' ')}\n`,
      ),
  });
  for (const child of command.commands) failWithUsage(child);
}

function isCommanderExit(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

function packageVersion(): string {
  const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(file) as { readonly version: unknown }).version);
}

// A reader that has seen enough (`tanist get … | head`) is not an error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
await main();
