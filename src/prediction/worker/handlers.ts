import { learningHandlers } from '../learning/thread.ts';
import { neuralHandlers } from '../neural/thread.ts';
import { onlineHandlers } from '../online/handler.ts';
import type { Handler } from './serve.ts';

const online = onlineHandlers();

/** Everything that the worker thread does, a line a module. Modules load ONNX Runtime when first asked, not when listed. */
export const handlers: readonly Handler[] = [
  ...neuralHandlers,
  ...online.handlers,
  ...learningHandlers(online.histories),
];
