import type { Violation } from '../../../verification/violation.ts';
import type { Connection } from '../connections.ts';
import { Progress } from '../progress.ts';
import { type MergedTruth, mergeTruth } from './merge.ts';
import { WatchSource } from './watch-source.ts';

/**
 * The committed history under one prefix while it happens, by watches from its beginning over different members. Compaction hides history, so
 * it asks here how far it may go: at least one watch has it then.
 */
export class TruthGatherer {
  readonly from: number;
  readonly #sources: readonly WatchSource[];
  #compactedThrough = 0;
  readonly #progress = new Progress();

  constructor(
    watchers: readonly { readonly name: string; readonly client: Connection }[],
    prefix: string,
    from: number,
  ) {
    this.from = from;
    this.#sources = watchers.map(
      ({ name, client }) =>
        new WatchSource(
          name,
          client,
          prefix,
          from,
          () => this.#compactedThrough,
          () => this.#progress.made(),
        ),
    );
  }

  /** What the foremost, and what every watch has. */
  get reached(): { readonly any: number; readonly all: number } {
    const reached = this.#sources.map((source) => source.reached);
    return { any: Math.max(...reached), all: Math.min(...reached) };
  }

  get compactedThrough(): number {
    return this.#compactedThrough;
  }

  /** Before it is asked for: from then on watches from there may be refused. */
  willCompact(at: number): void {
    this.#compactedThrough = Math.max(this.#compactedThrough, at);
  }

  /** Until every watch has `revision`, or has failed, for `patienceMs` at most. Names those that don't. */
  async caughtUp(revision: number, patienceMs: number): Promise<readonly string[]> {
    const late = (): readonly WatchSource[] =>
      this.#sources.filter((source) => source.reached < revision && source.failure === null);
    await this.#progress.until(() => late().length === 0, patienceMs);
    return this.#sources
      .filter((source) => source.reached < revision)
      .map(({ name, reached, failure }) =>
        failure === null ? `${name} is at ${reached}` : `${name} failed: ${failure.message}`,
      );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
  }

  merged(through: number): MergedTruth & { readonly ownViolations: readonly Violation[] } {
    return {
      ...mergeTruth(this.#sources, this.from, through),
      ownViolations: this.#sources.flatMap((source) => source.violations),
    };
  }
}
