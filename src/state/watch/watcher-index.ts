import type { ByteString } from '../../foundation/bytes.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { IntervalIndex } from './interval-index.ts';
import type { Watcher } from './watcher.ts';

/** Watchers of one space by what they watch. */
export class WatcherIndex {
  readonly #exact = new Map<ByteString, Set<Watcher>>();
  readonly #ranges = new IntervalIndex<Watcher>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(watcher: Watcher): void {
    this.#size++;
    const { key, rangeEnd } = watcher.request;
    if (rangeEnd !== '') {
      this.#ranges.add(key, rangeEnd === '\0' ? null : rangeEnd, watcher);
      return;
    }
    const watchers = this.#exact.get(key);
    if (watchers === undefined) this.#exact.set(key, new Set([watcher]));
    else watchers.add(watcher);
  }

  remove(watcher: Watcher): void {
    this.#size--;
    const { key, rangeEnd } = watcher.request;
    if (rangeEnd !== '') {
      this.#ranges.remove(key, rangeEnd === '\0' ? null : rangeEnd, watcher);
      return;
    }
    const watchers = this.#exact.get(key);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#exact.delete(key);
  }

  /** Each watcher with what of `deltas` it watches, from its `next` revision on. */
  match(deltas: readonly StateDelta[]): Map<Watcher, StateDelta[]> {
    const matched = new Map<Watcher, StateDelta[]>();
    for (const delta of deltas) {
      const collect = (watchers: Set<Watcher>): void => {
        for (const watcher of watchers) {
          if (delta.revision < watcher.next) continue;
          const own = matched.get(watcher);
          if (own === undefined) matched.set(watcher, [delta]);
          else own.push(delta);
        }
      };
      const exact = this.#exact.get(delta.key);
      if (exact !== undefined) collect(exact);
      this.#ranges.find(delta.key, collect);
    }
    return matched;
  }
}
