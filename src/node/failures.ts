import { asError, TanistError } from '../foundation/errors.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { Life } from './refusals.ts';

export interface FailuresParts {
  readonly nodeLog: NodeLog;
  readonly life: Life;
  /** Ends all work at once. */
  readonly close: () => Promise<void>;
}

/** A failed disk or a broken invariant: the node stops itself, and says so to whoever runs it. */
export class Failures {
  readonly #parts: FailuresParts;
  readonly #listeners = new Set<(error: Error) => void>();

  constructor(parts: FailuresParts) {
    this.#parts = parts;
  }

  listen(listener: (error: Error) => void): void {
    this.#listeners.add(listener);
  }

  failed(error: Error): void {
    const { nodeLog, life, close } = this.#parts;
    if (life.isStopped) return;
    nodeLog.error('failed', { error: error.stack ?? String(error) });
    close().catch(() => {});
    this.tell(error);
  }

  tell(error: Error): void {
    for (const listener of this.#listeners) listener(error);
  }

  /** A log that fails says so by itself, and a closed one is no failure. */
  guarding(act: Promise<void>): void {
    act.catch((error: unknown) => {
      if (!(error instanceof TanistError)) this.failed(asError(error));
    });
  }
}
