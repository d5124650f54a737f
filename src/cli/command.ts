import type { Command } from 'commander';
import type { TanistClient } from '../client/index.ts';
import { systemClock } from '../ports/system-clock.ts';
import { durationMs, endpointList } from './terminal/arguments.ts';
import { type Output, outputTo } from './terminal/output.ts';
import { progressOn } from './terminal/progress.ts';
import { UsageError } from './terminal/usage-error.ts';
import { saysWaiting } from './terminal/waiting.ts';

/** Adds one command, or one family of them, to the program. Loads nothing heavy: what it runs is imported when it runs. */
export type Register = (program: Command) => void;

export interface JsonOption {
  readonly json?: boolean;
}

export interface ClientOptions extends JsonOption {
  readonly endpoints?: readonly string[];
  readonly timeout?: number;
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document as the last line');
}

export function withClient(command: Command): Command {
  return withJson(command)
    .option(
      '--endpoints <list>',
      'host:port,… of any nodes (default: $TANIST_ENDPOINTS or 127.0.0.1:7400)',
      endpointList,
    )
    .option(
      '--timeout <duration>',
      'give up after this long (default: 5s; of members, leader or model: 10s)',
      durationMs,
    );
}

export function endpointsOf(options: ClientOptions): readonly string[] {
  if (options.endpoints !== undefined) return options.endpoints;
  const named = process.env.TANIST_ENDPOINTS ?? '';
  if (named === '') return ['127.0.0.1:7400'];
  try {
    return endpointList(named);
  } catch (error) {
    throw new UsageError(`TANIST_ENDPOINTS: ${(error as Error).message}`);
  }
}

export interface CallContext {
  readonly client: TanistClient;
  readonly endpoints: readonly string[];
  readonly out: Output;
  readonly call: { readonly deadlineMs: number };
  /** For calls that change something: longer than a leader waits for a majority (5 s), so that it is the one to say what became of it. */
  readonly change: { readonly deadlineMs: number };
}

/** Runs `act` with a client that is closed afterwards. */
export async function withCluster(
  options: ClientOptions,
  act: (context: CallContext) => Promise<void>,
): Promise<void> {
  const { openClient } = await import('./client.ts');
  const deadlineMs = options.timeout ?? 5000;
  const endpoints = endpointsOf(options);
  await whileWaiting(endpoints, options, async (out) => {
    const client = await openClient(endpoints, { connectMs: deadlineMs, deadlineMs });
    try {
      const change = { deadlineMs: options.timeout ?? 10_000 };
      await act({ client, endpoints, out, call: { deadlineMs }, change });
    } finally {
      await client.close();
    }
  });
}

/** Its output says that an answer of the endpoints is waited for, from 2 s on, until `act` says something of its own. */
export async function whileWaiting(
  endpoints: readonly string[],
  { json }: JsonOption,
  act: (out: Output) => Promise<void>,
): Promise<void> {
  const waiting = saysWaiting(progressOn(process.stderr), `an answer of ${endpoints.join(',')}`, systemClock);
  try {
    await act(outputTo(json === true, waiting));
  } finally {
    waiting.clear();
  }
}
