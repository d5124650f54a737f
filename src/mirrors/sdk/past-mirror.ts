import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { keptBy } from '../config/kept-by.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import type { Looker } from '../refresh/looker.ts';
import { resourceId } from '../resource-id.ts';
import { ownValue } from '../state/live-entry.ts';
import type { LiveMirror } from '../state/live-mirror.ts';
import { type Answers, isMissing } from './answers.ts';
import type { Direct } from './direct.ts';
import type { MirrorState } from './mirror-state.ts';
import { overBudget } from './refreshes.ts';
import { type SourceBook, unknownSource } from './source-book.ts';

export interface PastPorts {
  readonly clock: Clock;
  readonly live: LiveMirror;
  readonly looker: Looker;
  readonly sources: SourceBook;
  readonly answers: Answers;
  readonly direct: Direct;
}

/** Answers that no mirror gives: of what is not mirrored, and of anything while the cluster cannot be reached. */
export class PastMirror {
  readonly #ports: PastPorts;

  constructor(ports: PastPorts) {
    this.#ports = ports;
  }

  /** The cluster cannot be reached: the mirror here while it is fresh, else the origin itself. */
  async cluster(name: string, trouble: TanistError): Promise<MirrorState> {
    const entry = this.#ports.live.entries.get(name);
    const nowMs = this.#ports.clock.nowMs();
    if (entry !== undefined && entry.value !== null && nowMs < entry.freshUntilMonoMs)
      return this.#ports.answers.answer(entry, nowMs);
    try {
      return await this.#past(name, trouble);
    } catch (error) {
      if (entry === undefined || ownValue(entry) === null || isMissing(error)) throw error;
      return this.#ports.answers.stale(entry, error instanceof TanistError ? error : trouble);
    }
  }

  /** From the origin, within the source's budget, as looks are; without the cluster within this process's own. */
  async unmirrored(name: string, config: SourceConfig, deadlineMs: number): Promise<MirrorState> {
    const { clock } = this.#ports;
    const { source } = resourceId(name);
    while (this.#ports.live.following && !this.#ports.direct.isAsking(name)) {
      const outcome = await this.#ports.looker.spend(source, config, deadlineMs);
      if (outcome.kind === 'spent') return await this.#past(name, null, true);
      if (outcome.kind === 'no-cluster') break;
      if (outcome.kind === 'removed') throw unknownSource(source);
      const waitMs = outcome.kind === 'over-budget' ? Math.max(1, outcome.waitMs) : 0;
      if (clock.nowMs() + waitMs >= deadlineMs) throw overBudget(source, waitMs);
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    }
    return await this.#past(name, null);
  }

  /** From the origin, past the cluster. `isPaid`: the call is the source's budget's. */
  async #past(name: string, trouble: TanistError | null, isPaid = false): Promise<MirrorState> {
    const { clock } = this.#ports;
    const id = resourceId(name);
    const config = this.#ports.sources.configOf(id.source);
    const last = this.#ports.direct.last(name);
    const isFresh =
      last !== null &&
      trouble !== null &&
      last.check.kept === keptBy(config) &&
      clock.nowMs() < last.checkedMonoMs + config.freshForMs;
    const known = this.#ports.live.entries.get(name) ?? null;
    const asked = isFresh ? last : await this.#ports.direct.ask(id, config, known, isPaid);
    return this.#ports.answers.direct(name, asked, trouble);
  }
}
