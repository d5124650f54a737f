import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * A replica beyond the quorum has time and should take little memory. V8 by itself first collects its old generation when that has grown to hundreds of
 * megabytes, then lets it grow with the pace of allocation, and keeps what it has grown to. (`--max-semi-space-size=1`, which `tanist up` gives to cold
 * replicas, spares another 30 MB.)
 */

/** Of what lives; how much may be allocated before the old generation is collected again. */
const growingPercent = 25;
let collect: (() => void) | null = null;

/** From now on the old generation is at most so much more than what lives; ends with what is returned. Collects once, since what V8 goes by is what lived then. */
export function keepHeapSmall(): () => void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  collectGarbage();
  return () => setFlagsFromString('--heap-growing-percent=0');
}

/** After a burst; about 10 ms with a heap as small as this. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
