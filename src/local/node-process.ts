import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Fault } from '../api/start/faults.ts';
import { isErrorCode, TanistError } from '../foundation/errors.ts';
import type { Tier } from '../node/config/config.ts';
import { channelVariable, type FaultOrder, type NodeReport } from './node-channel.ts';
import { flagsOf } from './node-flags.ts';

export interface NodeProcessOptions {
  readonly id: string;
  readonly tier?: Tier;
  readonly configFile: string;
  readonly dataFolder: string;
  /** All of the node's log goes here. */
  readonly logFile: string;
  /** Further flags of Node.js. */
  readonly flags?: readonly string[] | undefined;
  /** Each line of the log that is JSON, as it comes. */
  readonly onLog?: ((id: string, record: LogRecord) => void) | undefined;
  readonly launch?: Launch | undefined;
}

/** How a node's process is begun, where it is not begun as this program would. */
export interface Launch {
  /** A program that becomes the node's, in the same process: `nsenter`, `setpriv` … and its arguments. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `main.js` of another build. */
  readonly main?: string | undefined;
  /** In a session of its own, so that Ctrl-C at the terminal does not reach it. */
  readonly detached?: boolean;
}

/** A line of a node's log (pino). */
export interface LogRecord {
  readonly level?: number;
  readonly msg?: string;
  readonly event?: string;
  /** ms since 1970, with fraction. */
  readonly atMs?: number;
  readonly time?: number;
  readonly term?: number;
  readonly leader?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly evidence?: string;
  readonly gapMs?: number;
  readonly error?: string;
}

export interface NodeAddresses {
  readonly client: string;
  readonly peer: string;
  readonly http: string;
}

export interface NodeProcess {
  readonly id: string;
  readonly pid: number;
  /** Rejects, with the end of its log, when the process ends before it serves. */
  readonly ready: Promise<NodeAddresses>;
  /** Never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** It ails from now on; heard in test builds alone. */
  fault(fault: Fault): void;
  /** The last lines of its log. */
  logTail(): readonly string[];
}

const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const tailLines = 20;

export function startNodeProcess(options: NodeProcessOptions): NodeProcess {
  const { id, launch = {} } = options;
  const [program, ...leading] = [...(launch.prefix ?? []), process.execPath];
  const child = spawn(
    program ?? process.execPath,
    [
      ...leading,
      ...flagsOf(options.tier),
      ...(options.flags ?? []),
      launch.main ?? main,
      'node',
      '--config',
      options.configFile,
      '--id',
      id,
      '--data',
      options.dataFolder,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...launch.env, [channelVariable]: '1' },
      detached: launch.detached ?? false,
    },
  );
  const tail = followLog(child, options);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const ready = new Promise<NodeAddresses>((resolve, reject) => {
    child.on('message', (message) => {
      const report = message as NodeReport;
      if (report.kind === 'ready') resolve({ client: report.client, peer: report.peer, http: report.http });
      else if (report.kind === 'failed')
        reject(
          new TanistError(isErrorCode(report.code) ? report.code : 'unavailable', `${id}: ${report.message}`),
        );
    });
    void exited.then(({ code, signal }) =>
      reject(
        new TanistError(
          'unavailable',
          `${id} ended (${signal ?? `exit code ${code}`}) before it was ready; log: ${options.logFile}${shown(tail)}`,
        ),
      ),
    );
  });
  // Whoever waits for it hears of a failure; nobody has to.
  ready.catch(() => undefined);
  return {
    id,
    pid: child.pid ?? 0,
    ready,
    exited,
    running: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    fault: (fault) => {
      const order: FaultOrder = { kind: 'fault', fault };
      if (child.connected) child.send(order, () => undefined);
    },
    logTail: () => [...tail],
    kill: (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    },
  };
}

function followLog(child: ChildProcess, { id, logFile, onLog }: NodeProcessOptions): readonly string[] {
  const tail: string[] = [];
  if (child.stderr === null) return tail;
  const file = createWriteStream(logFile, { flags: 'a' });
  // A log that can't be written must not take the cluster down.
  file.on('error', () => undefined);
  child.stderr.pipe(file);
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
    if (onLog === undefined || !line.startsWith('{')) return;
    let record: LogRecord;
    try {
      record = JSON.parse(line) as LogRecord;
    } catch {
      return;
    }
    onLog(id, record);
  });
  return tail;
}

function shown(tail: readonly string[]): string {
  const last = tail.findLast((line) => line.trim() !== '');
  return last === undefined ? '' : `; its last line: ${last}`;
}
