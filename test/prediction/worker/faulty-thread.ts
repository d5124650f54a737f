/** A worker's entry that fails in every way on demand. */
import { parentPort } from 'node:worker_threads';
import { TanistError } from '../../../src/foundation/errors.ts';
import { inNativeSection } from '../../../src/prediction/worker/native-section.ts';
import { handler, Moved, serve } from '../../../src/prediction/worker/serve.ts';
import * as kinds from './faulty-kinds.ts';

const port = parentPort!;
serve(port, [
  handler(kinds.double, ({ values }) => {
    const doubled = values.map((value) => 2 * value);
    return new Moved({ values: doubled }, [doubled.buffer as ArrayBuffer]);
  }),
  handler(kinds.say, (text, { emit }) => {
    emit(kinds.said, text);
    return null;
  }),
  handler(kinds.native, (words, { emit }) =>
    inNativeSection(async () => {
      emit(kinds.said, 'inside');
      Atomics.wait(words, 0, 0);
      Atomics.store(words, 1, 1);
      return null;
    }),
  ),
  handler(kinds.fail, (how) => {
    switch (how) {
      case 'typed':
        throw new TanistError('model-damaged', 'the model file is cut short');
      case 'untyped':
        throw new RangeError('off by one');
      case 'crash':
        setImmediate(() => {
          throw new Error('nobody catches this');
        });
        return new Promise(() => {});
      case 'exit':
        process.exit(3);
        break;
      case 'garbage':
        port.postMessage({ neither: 'answer nor event' });
        return new Promise(() => {});
      case 'unasked':
        port.postMessage({ type: 'answer', id: 1_000_000, value: null });
        return new Promise(() => {});
      case 'memory': {
        const held: number[][] = [];
        for (;;) held.push(new Array(100_000).fill(held.length));
      }
      case 'silence':
        return new Promise(() => {});
      case 'spin':
        for (;;);
    }
    return null;
  }),
]);
