import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * A cold replica has time and should take little memory. V8 by itself lets the heap grow with the pace of allocation, which is high while a
 * snapshot comes, and keeps what it has grown to. (`--max-semi-space-size=1`, which `tanist up` gives to cold replicas, spares another 30 MB.)
 */

let collect: (() => void) | null = null;

/** After a burst; about 10 ms with a heap as small as this. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
