import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { asError } from '../../foundation/errors.ts';
import { withoutInherited } from './inherited.ts';
import type { SentinelNews } from './sentinel.ts';

/** Connections stay where the kernel queues them, since nobody accepts; those of peers that ended, too. */
const backlog = 4_096;
/**
 * What it runs, in one process: it asks for SIGKILL at its parent's death, outlives the signals that end a service in good order (the node hands over first),
 * says that it is armed, and waits for the end of its input, which is the parent's end wherever the first way fails.
 */
const program = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  'sh',
  '-c',
  'trap "" HUP INT TERM; echo; exec cat >/dev/null',
];

/** The thread that a sentinel has for its parent: it does nothing else, and ends with it. Whatever it is told means that it shall. */
async function guard(host: string, parent: MessagePort): Promise<void> {
  const tell = (news: SentinelNews): void => parent.postMessage(news);
  const server = createServer();
  try {
    const { port, descriptor } = await listening(server, host);
    const child = begin(descriptor);
    parent.once('message', () => child.kill('SIGKILL'));
    // Not before: a thread that is gone takes no note of its child's end, which then stays a zombie.
    child.once('exit', () => parent.close());
    await armed(child);
    tell({ kind: 'armed', port });
  } catch (error) {
    tell({ kind: 'absent', reason: asError(error).message });
    parent.close();
  } finally {
    // The sentinel's copy goes on listening.
    server.close();
  }
}

function begin(descriptor: number): ChildProcess {
  const [command = '', ...args] = program;
  return withoutInherited((rest) =>
    spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore', descriptor, ...rest],
      cwd: '/',
      // Not of the terminal's foreground group, which Ctrl-C reaches.
      detached: true,
    }),
  );
}

/** Rejects where it does not come to that. */
function armed(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${program[0]} ended with ${signal ?? code}`)));
    child.stdout?.once('data', () => resolve());
    for (const pipe of [child.stdin, child.stdout]) pipe?.on('error', () => {});
  });
}

function listening(
  server: Server,
  host: string,
): Promise<{ readonly port: number; readonly descriptor: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog }, () => {
      const address = server.address();
      // A child takes a listening socket by its descriptor alone, which Node.js has no public name for.
      const { _handle: handle } = server as unknown as { readonly _handle?: { readonly fd?: number } };
      const descriptor = handle?.fd ?? -1;
      if (typeof address === 'object' && address !== null && descriptor >= 0)
        resolve({ port: address.port, descriptor });
      else reject(new Error('a listening socket without a descriptor'));
    });
  });
}

const { host } = workerData as { readonly host: string };
if (parentPort !== null) void guard(host, parentPort);
