import { type ErrorCode, TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { NodeLog } from '../ports/node-log.ts';

/** What a source says; what fails here itself is told elsewhere. */
const ofSources: ReadonlySet<ErrorCode> = new Set([
  'unknown-member',
  'duplicate-node',
  'data-of-another-cluster',
]);

/** A replica tries its sources for ever: what they refuse it for is said once, until it was fed again. */
export class Complaints {
  readonly #nodeLog: NodeLog;
  readonly #said = new Set<string>();

  constructor(nodeLog: NodeLog) {
    this.#nodeLog = nodeLog;
  }

  /** True: it was refused, and not for now alone. */
  refused(source: NodeId, error: unknown): boolean {
    if (!(error instanceof TanistError) || !ofSources.has(error.code)) return false;
    // All of them refuse it for the same reason: over gRPC each names itself first.
    const own = `${source}: `;
    const message = error.message.startsWith(own) ? error.message.slice(own.length) : error.message;
    if (this.#said.has(message)) return true;
    if (this.#said.size > 100) this.#said.clear();
    this.#said.add(message);
    this.#nodeLog.warn('peer-refused', { peer: source, reason: message });
    return true;
  }

  over(): void {
    this.#said.clear();
  }
}
