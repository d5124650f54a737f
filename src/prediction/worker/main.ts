/** Entry of the worker thread. */
import { parentPort } from 'node:worker_threads';
import { present } from '../../foundation/assert.ts';
import { handlers } from './handlers.ts';
import { serve } from './serve.ts';

serve(present(parentPort, 'the entry of a worker thread runs in one'), handlers);
