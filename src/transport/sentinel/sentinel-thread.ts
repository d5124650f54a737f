import { createServer, type Server } from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { asError } from '../../foundation/errors.ts';
import { inheritedDescriptors } from './inherited.ts';
import { Loan } from './loan.ts';
import type { SentinelNews, SentinelThreadData } from './sentinel.ts';
import { armed, beginProcess, descriptorOf } from './sentinel-process.ts';

/** Connections stay where the kernel queues them, since nobody accepts; those of peers that ended, too. */
const backlog = 4_096;
/** The node's main thread is to begin the second watcher; while it starts it may be busy. */
const lendMs = 10_000;

/** The thread that a sentinel has for its parent: it does nothing else, and ends with it. Whatever it is told means that it shall. */
async function guard({ host, loan }: SentinelThreadData, parent: MessagePort): Promise<void> {
  const tell = (news: SentinelNews): void => parent.postMessage(news);
  const server = createServer();
  try {
    const { port, descriptor } = await listening(server, host);
    const unwanted = inheritedDescriptors();
    const child = beginProcess(descriptor, unwanted);
    parent.once('message', () => child.kill('SIGKILL'));
    // Not before: a thread that is gone takes no note of its child's end, which then stays a zombie.
    child.once('exit', () => parent.close());
    await armed(child);
    tell({ kind: 'armed', port, lifeline: descriptorOf(child.stdin), unwanted });
    // From then on the sentinel's input ends when its second watcher does.
    if (new Loan(loan).wait(lendMs)) child.stdin?.destroy();
  } catch (error) {
    tell({ kind: 'absent', reason: asError(error).message });
    parent.close();
  } finally {
    // The sentinel's copy goes on listening.
    server.close();
  }
}

function listening(
  server: Server,
  host: string,
): Promise<{ readonly port: number; readonly descriptor: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog }, () => {
      const address = server.address();
      const descriptor = descriptorOf(server);
      if (typeof address === 'object' && address !== null && descriptor >= 0)
        resolve({ port: address.port, descriptor });
      else reject(new Error('a listening socket without a descriptor'));
    });
  });
}

if (parentPort !== null) void guard(workerData as SentinelThreadData, parentPort);
