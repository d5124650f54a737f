import { learningHandlers } from '../learning/thread.ts';
import { neuralHandlers } from '../neural/thread.ts';
import { onlineHandler } from '../online/handler.ts';
import type { Handler } from './serve.ts';

const online = onlineHandler();

/** Everything that the worker thread does, a line a module. Modules load ONNX Runtime when first asked, not when listed. */
export const handlers: readonly Handler[] = [
  ...neuralHandlers,
  online,
  ...learningHandlers(online.histories),
];
