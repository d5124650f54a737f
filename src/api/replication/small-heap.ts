import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * A cold replica has time and should take little memory. V8 by itself lets the heap grow with the pace of allocation, which is high while a
 * snapshot comes, and keeps what it has grown to.
 */

/** Before much has been allocated: the young generation stays as it is. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
}

let collect: (() => void) | null = null;

/** After a burst: 10 ms with a heap as small as this. */
export function collectGarbage(): void {
  collect ??= runInNewContext('gc') as () => void;
  collect();
}
