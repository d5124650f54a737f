/** Entry of the worker thread. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { present } from '../../foundation/assert.ts';
import { handlers } from './handlers.ts';
import { serve } from './serve.ts';

/** Under contention about a tenth of what a thread that serves gets. */
const nice = 10;

// Whatever serves goes first, here and in other processes. On Linux a priority is a thread's (setpriority(2)); elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(nice);
serve(present(parentPort, 'the entry of a worker thread runs in one'), handlers);
