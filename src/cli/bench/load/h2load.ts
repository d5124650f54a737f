import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TanistError } from '../../../foundation/errors.ts';
import { quantile } from '../../../foundation/statistics.ts';
import { grpcFrame } from '../../../local/etcd/etcd-messages.ts';
import { requireTool } from '../../../local/tools.ts';
import type { Load } from './closed-loop.ts';
import type { LoadResult } from './latencies.ts';

/**
 * Drives one unary gRPC method with one request, over and over, at a few microseconds of client CPU each. One
 * connection: of 1, 8 and 32 that with which etcd was fastest.
 */
export async function h2load(
  endpoint: string,
  method: string,
  message: Uint8Array,
  load: Load,
  folder: string,
): Promise<LoadResult> {
  await requireTool('h2load', 'Debian: nghttp2-client');
  const body = join(folder, 'h2load-body');
  const log = join(folder, 'h2load-log');
  await rm(log, { force: true });
  await writeFile(body, grpcFrame(message));
  const text = await run('h2load', [
    ...['-t', '1', '-c', '1', '-m', String(load.inFlight)],
    ...['-D', milliseconds(load.seconds), '--warm-up-time', milliseconds(load.warmUpSeconds)],
    ...['-d', body, '--log-file', log],
    ...['-H', 'content-type: application/grpc', '-H', 'te: trailers'],
    `http://${endpoint}${method}`,
  ]);
  return { ...parseH2load(text, load.seconds), ...(await latenciesOf(log, load)) };
}

const milliseconds = (seconds: number): string => `${Math.round(seconds * 1000)}ms`;

/** The counts in h2load's summary. Its rate is over all seconds, warm-up left out. */
export function parseH2load(
  text: string,
  seconds: number,
): Pick<LoadResult, 'perSecond' | 'operations' | 'failed'> {
  const counts = /requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed/.exec(text);
  if (counts === null)
    throw new TanistError('unavailable', `h2load gave no result: ${text.trim().split('\n').at(-1)}`);
  const operations = Number(counts[1]);
  return { perSecond: operations / seconds, operations, failed: Number(counts[2]) };
}

/** Its log has a line a request: start (µs since 1970), status, µs taken. Those of the warm-up are left out here. */
async function latenciesOf(log: string, load: Load): Promise<Pick<LoadResult, 'p50Ms' | 'p99Ms' | 'maxMs'>> {
  const starts: number[] = [];
  const taken: number[] = [];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const [start, , us] = line.split('\t');
    starts.push(Number(start));
    taken.push(Number(us) / 1000);
  }
  const countFrom = (starts[0] ?? 0) + load.warmUpSeconds * 1e6;
  const counted = taken.filter((_, i) => (starts[i] ?? 0) >= countFrom);
  return { p50Ms: quantile(counted, 0.5), p99Ms: quantile(counted, 0.99), maxMs: quantile(counted, 1) };
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (): void => void child.kill('SIGKILL');
    process.prependOnceListener('exit', kill);
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.stderr.on('data', (part) => (text += part));
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', kill);
      if (code === 0) resolve(text);
      else
        reject(
          new TanistError(
            'unavailable',
            `${command} ended with exit code ${code}: ${text.trim().slice(-300)}`,
          ),
        );
    });
  });
}
