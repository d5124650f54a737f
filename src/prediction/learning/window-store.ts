import type { Random } from '../../foundation/random.ts';
import type { NamedHistory } from '../online/engine.ts';
import { recentLength, type Shown, StoredSeries, windowLength } from './stored-series.ts';

const bytesPerValue = 8;
/** Older windows of one series, however much room there is. */
const mostOlder = 8;
/** Beside its values. */
const seriesBytes = 512;

export interface ShownOf extends Shown {
  /** As the engine names the series. */
  readonly name: string;
}

/**
 * Recent windows of the series that are predicted, within a bound of memory: the most recent values of each first, then as many older windows each as fit.
 * Beyond it series that are no longer predicted go, then further ones are left out.
 */
export class WindowStore {
  readonly #random: Random;
  readonly #series = new Map<string, StoredSeries>();
  #leftOut = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Series that there was no room for when last looked. */
  get leftOut(): number {
    return this.#leftOut;
  }

  get bytes(): number {
    let bytes = 0;
    for (const series of this.#series.values()) bytes += series.bytes + seriesBytes;
    return bytes;
  }

  values(): IterableIterator<readonly [string, StoredSeries]> {
    return this.#series.entries();
  }

  /** Takes what all series are now. Those that are not among them are forgotten. `breathe` is awaited now and then. */
  async gather(
    all: Iterable<NamedHistory>,
    memoryBytes: number,
    breathe: () => Promise<void> = async () => {},
  ): Promise<void> {
    const least = seriesBytes + bytesPerValue * recentLength;
    const room = Math.max(1, Math.floor(memoryBytes / least));
    const offered = [...all];
    const names = new Set(offered.map(({ name }) => name));
    for (const name of [...this.#series.keys()]) if (!names.has(name)) this.#series.delete(name);
    const perSeries = memoryBytes / Math.max(1, Math.min(room, offered.length)) - least;
    const older = Math.min(mostOlder, Math.max(0, Math.floor(perSeries / (bytesPerValue * windowLength))));
    this.#leftOut = 0;
    let sinceBreath = 0;
    for (const { name, history: historyOf } of offered) {
      if (++sinceBreath % 64 === 0) await breathe();
      const history = historyOf();
      if (history === null) continue;
      const known = this.#series.get(name);
      const series = known?.stepMs === history.stepMs ? known : new StoredSeries(history);
      if (known !== undefined || this.#series.size < room) {
        series.take(history, older, this.#random);
        this.#series.set(name, series);
      } else this.#leftOut++;
    }
    for (const name of [...this.#series.keys()].slice(room)) this.#series.delete(name);
  }

  /** What failovers showed. Of series that are not known, nothing is kept. */
  show(all: readonly ShownOf[], before: number, after: number): void {
    for (const { name, momentMs, predicted } of all) this.#series.get(name)?.show({ momentMs, predicted });
    for (const series of this.#series.values()) series.keepShown(before, after);
  }
}
