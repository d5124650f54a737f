import { assert } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClientOperation, StateClient } from '../../ports/state-client.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import type { ChangeForecasts } from '../forecast/change-forecasts.ts';
import type { ResourceId } from '../resource-id.ts';
import { failed } from '../sources/failed.ts';
import type { Origin, OriginAnswer } from '../sources/origin.ts';
import { type CallOutcome, CallQueue } from '../state/call-queue.ts';
import type { Claim, WantedCall } from '../state/claim.ts';
import { sourceKey } from '../state/keys.ts';
import type { LiveMirror } from '../state/live-mirror.ts';
import type { ProcessLease } from '../state/process-lease.ts';
import { encodeRecord, type HistoryRecord, type RefreshReason, type ValueRecord } from '../state/records.ts';
import { complete, letGo } from './complete.ts';
import { type Before, judge, type Verdict } from './judge.ts';
import { asTanist, Origins } from './origins.ts';

export interface LookerPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  readonly live: LiveMirror;
  readonly lease: ProcessLease;
  readonly forecasts: ChangeForecasts;
  readonly origin: (source: string) => Promise<Origin>;
  /** Whether its config is the one in the state. */
  readonly isShared: (source: string) => boolean;
  /** Of this process, in records. */
  readonly by: string;
  /** Waits this long for the cluster to answer a claim. */
  readonly claimMs: number;
  readonly onLook: (look: FinishedLook) => void;
}

export interface FinishedLook {
  readonly id: ResourceId;
  readonly reason: RefreshReason;
  readonly answer: OriginAnswer['kind'];
  readonly changed: boolean;
  readonly tookMs: number;
}

export type LookOutcome =
  | {
      readonly kind: 'looked';
      readonly verdict: Verdict;
      readonly value: ValueRecord | null;
      readonly written: boolean;
    }
  | { readonly kind: 'held' }
  | { readonly kind: 'moved'; readonly checkRevision: number }
  | { readonly kind: 'removed' }
  | { readonly kind: 'over-budget'; readonly waitMs: number }
  /** The deadline passed before it was this one's turn. */
  | { readonly kind: 'late' }
  /** This process may not ask this origin, or lacks a secret: others may. Nothing was written. */
  | { readonly kind: 'unable'; readonly error: TanistError }
  | NoCluster;

/** It did not answer; nothing was asked of the origin. */
interface NoCluster {
  readonly kind: 'no-cluster';
  readonly error: TanistError;
}

export interface LookOptions {
  readonly reserve?: number;
  readonly deadlineMs?: number;
}

const mostRewrites = 60;
const rewriteMs = 500;

/** Looks at origins: claim, ask, judge, write. The only place that calls them for the mirrors. */
export class Looker {
  readonly #ports: LookerPorts;
  readonly origins: Origins;
  readonly #calls: CallQueue;
  #claims = 0;
  #closed = false;

  constructor(ports: LookerPorts) {
    this.#ports = ports;
    this.origins = new Origins(ports.clock, ports.origin);
    const { client, clock, lease, live, by, claimMs } = ports;
    const random = seededRandom(by);
    const { budgets, contact } = live;
    this.#calls = new CallQueue({ client, clock, lease, budgets, contact, random, answerMs: claimMs });
  }

  close(): void {
    this.#closed = true;
    this.#calls.close();
  }

  /**
   * Looks at a resource unless somebody does already, within the budget of its source less `reserve` calls. `deadlineMs`: of its claim, by the monotonic clock;
   * default: the source's time-out.
   */
  async look(
    id: ResourceId,
    config: SourceConfig,
    reason: RefreshReason,
    { reserve = 0, deadlineMs = this.#ports.clock.nowMs() + config.timeoutMs }: LookOptions = {},
  ): Promise<LookOutcome> {
    const { clock, live, by } = this.#ports;
    const withinMs = Math.min(config.timeoutMs, deadlineMs - clock.nowMs());
    const unable = await this.origins.unableTo(id.source, config.timeoutMs, withinMs);
    if (unable !== null) return { kind: 'unable', error: unable };
    const record = { by, number: ++this.#claims, reason, atMs: clock.wallMs() };
    const checkRevision = live.entries.get(`${id.source}/${id.key}`)?.checkRevision ?? 0;
    const claim = { id, record, checkRevision };
    const outcome = await this.#call(id.source, config, claim, reserve, deadlineMs, (late) => {
      // It is made all the same: others may wait for it.
      if (late.kind === 'claimed' && !this.#closed)
        this.#lookWith(id, config, reason, late).catch(() => undefined);
    });
    assert(outcome.kind !== 'spent', 'a claim was asked for');
    if (outcome.kind !== 'claimed') return outcome;
    return await this.#lookWith(id, config, reason, outcome);
  }

  async #lookWith(
    id: ResourceId,
    config: SourceConfig,
    reason: RefreshReason,
    claimed: Claim,
  ): Promise<LookOutcome> {
    try {
      return await this.#claimed(id, config, reason, claimed);
    } catch (error) {
      // Broken here: nobody is to wait for this process's end to look again.
      this.#letGo(id, claimed);
      throw error;
    }
  }

  #letGo(id: ResourceId, claimed: Claim): void {
    void letGo(this.#ports.client, id, claimed).catch(() => this.#ports.lease.lost());
  }

  /** A call of the source's budget for what is not mirrored. */
  async spend(
    source: string,
    config: SourceConfig,
    deadlineMs: number,
  ): Promise<Exclude<CallOutcome, { kind: 'claimed' }> | NoCluster> {
    const outcome = await this.#call(source, config, null, 0, deadlineMs, () => undefined);
    assert(outcome.kind !== 'claimed', 'no claim was asked for');
    return outcome;
  }

  /** `late`: what comes of it when nobody waits for it any more. */
  async #call(
    source: string,
    { budget }: SourceConfig,
    claim: WantedCall['claim'],
    reserve: number,
    deadlineMs: number,
    late: (outcome: CallOutcome) => void,
  ): Promise<CallOutcome | NoCluster> {
    const { clock, live } = this.#ports;
    const isShared = this.#ports.isShared(source);
    const taking = this.#calls.take({ source, isShared, budget, claim, reserve, deadlineMs });
    try {
      return await live.contact.unlessLost(taking, deadlineMs - clock.nowMs());
    } catch (error) {
      taking.then(late, () => undefined);
      return { kind: 'no-cluster', error: asTanist(error) };
    }
  }

  async #claimed(
    id: ResourceId,
    config: SourceConfig,
    reason: RefreshReason,
    claimed: Claim,
  ): Promise<LookOutcome> {
    const { clock, by, forecasts, onLook } = this.#ports;
    const name = `${id.source}/${id.key}`;
    const startedMs = clock.wallMs();
    const answer = await this.origins.ask(id, config, reason === 'forced' ? null : claimed.value);
    if (answer.kind === 'failed' && isOurs(answer.error)) {
      this.origins.noteUnable(id.source, answer.error);
      this.#letGo(id, claimed);
      return { kind: 'unable', error: answer.error };
    }
    const look = {
      key: id.key,
      by,
      fence: claimed.fence,
      reason,
      startedMs,
      endedMs: Math.max(startedMs, clock.wallMs()),
      answer,
    };
    let refused: OriginAnswer | null = null;
    const verdictOn = (before: Before): Verdict => {
      const verdict = judge(config, refused === null ? look : { ...look, answer: refused }, before);
      return withExpectation(verdict, forecasts, name, verdict.history ?? before.history, startedMs);
    };
    const local = verdictOn(claimed);
    onLook({
      id,
      reason,
      answer: answer.kind,
      changed: local.value !== undefined && claimed.value !== null,
      tookMs: look.endedMs - startedMs,
    });
    const value = local.value === undefined ? claimed.value : local.value;
    const looked = { kind: 'looked' as const, verdict: local, value };
    const pause = this.#pause(id.source, answer);
    try {
      const done = await complete(this.#ports.client, id, claimed, verdictOn, pause);
      if (done.kind === 'older') return { ...looked, written: false };
      const { verdict, before, revision } = done;
      if (revision !== null) this.#ports.live.wrote(name, verdict.check, verdict.value, revision);
      return {
        kind: 'looked',
        verdict,
        value: verdict.value === undefined ? before.value : verdict.value,
        written: true,
      };
    } catch (error) {
      if (isTooLarge(error))
        refused = failed(
          'origin-too-large',
          'what the mirror keeps is too large for the cluster: keep fewer fields (format of the source)',
        );
      // What the origin said is not lost: whoever waits here has it, and it is written as soon as that can be done.
      void this.#later(id, claimed, verdictOn, pause, 1);
      return { ...looked, written: false };
    }
  }

  /** An origin that asks for patience has it, of all its resources. */
  #pause(source: string, answer: OriginAnswer): ClientOperation | null {
    if (answer.kind !== 'failed' || answer.error.code !== 'origin-busy') return null;
    const record = this.#ports.live.budgets.paused(source, answer.retryAfterMs);
    return { put: sourceKey('budget', source), value: encodeRecord(record) };
  }

  async #later(
    id: ResourceId,
    claimed: Claim,
    verdictOn: (before: Before) => Verdict,
    pause: ClientOperation | null,
    attempt: number,
  ): Promise<void> {
    await new Promise<void>((resolve) => this.#ports.clock.after(rewriteMs, resolve));
    if (this.#closed) return;
    if (attempt > mostRewrites) {
      // The claim ends with its lease.
      this.#ports.lease.lost();
      return;
    }
    try {
      await complete(this.#ports.client, id, claimed, verdictOn, pause);
    } catch {
      await this.#later(id, claimed, verdictOn, pause, attempt + 1);
    }
  }
}

function withExpectation(
  verdict: Verdict,
  forecasts: ChangeForecasts,
  name: string,
  history: HistoryRecord | null,
  atMs: number,
): Verdict {
  if (verdict.check.failure !== null || verdict.check.gone) return verdict;
  const next = forecasts.next(name, history, atMs);
  const inMs = next?.quantile(0.5) ?? Number.POSITIVE_INFINITY;
  const expectedAtMs = Number.isFinite(inMs) ? Math.round(atMs + inMs) : null;
  return { ...verdict, check: { ...verdict.check, expectedAtMs } };
}

/** Of this process, not of the origin. */
function isOurs({ code }: TanistError): boolean {
  return code === 'secret-missing' || code === 'source-unsupported' || code === 'source-unknown';
}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof TanistError &&
    (error.code === 'value-too-large' || error.code === 'transaction-too-large')
  );
}
