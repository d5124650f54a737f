import { asError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { decodeSandbox, sandboxKey, sandboxPrefix } from '../registry/rows.ts';
import type { ItemForecaster } from './forecaster.ts';
import {
  applicationPrefix,
  decodeSequence,
  encodeItem,
  logPrefix,
  planKey,
  type RequestSequence,
  startedMsOf,
} from './sequence.ts';
import { ApplicationStarts } from './starts.ts';
import { encodeStatus, type PreCacheStatus, statusKey, statusOf } from './status.ts';
import { WorkQueue } from './work-queue.ts';

export interface PreCacheOptions {
  readonly state: StateClient;
  readonly clock: Clock;
  readonly forecaster: ItemForecaster;
  readonly say: (text: string) => void;
  /** A plan was written. */
  readonly planned?: (sandbox: string, items: number) => void;
}

const pageRows = 1000;
const againMs = 1000;
const everyMs = 10_000;
/** An application that is expected to begin within it is made ready. */
const horizonMs = 15 * 60_000;
/** Being ready in vain costs nothing that is in the cache already. */
const likely = 0.25;
const mostApplications = 2000;
/** No sequence goes on for longer. */
const longestInstallMs = 3_600_000;
/** An application that has not begun for so long, as a branch that was merged, is forgotten with its rows. */
const forgottenMs = 60 * 24 * 3_600_000;

/**
 * The Predictive Pre-Cache Engine: learns the logged sequences, and writes for each sandbox what it will need: when it joins, as its requests show what it
 * is, when its application has learnt something, and before the time at which that is expected to begin. Plans are keys on the sandbox's lease, which its
 * agent watches. One such service is enough; several only repeat each other.
 */
export class PreCacheService {
  readonly #options: PreCacheOptions;
  readonly #learnt = new Set<string>();
  /** Candidates are not asked while they learn. */
  readonly #work: WorkQueue;
  readonly #starts = new ApplicationStarts(mostApplications);
  readonly #sandboxes = new Map<string, SandboxFacts>();
  /** In the middle of a sequence, which began then: their plans are of what they have asked for. */
  readonly #busy = new Map<string, number>();
  /** The latest plan of each. */
  readonly #written = new Map<string, string>();
  /** By application, the latest start after which it was made ready for the next. */
  readonly #readied = new Map<string, number>();
  #status = '';
  learnt = 0;
  plans = 0;

  constructor(options: PreCacheOptions) {
    this.#options = options;
    this.#work = new WorkQueue((error) => options.say(`pre-cache: ${asError(error).message}`));
  }

  /** Until the signal aborts. A watch that breaks is begun anew. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#follow(logPrefix, signal, (key, value) => this.#logged(key, value)),
      this.#follow(sandboxPrefix, signal, (key, value) => this.#seen(key, value)),
      this.#beat(signal),
    ]);
  }

  /** All that is done so far; for tests. */
  settled(): Promise<void> {
    return this.#work.settled();
  }

  status(): PreCacheStatus {
    const { clock, forecaster } = this.#options;
    return statusOf(this, forecaster, this.#starts, clock.wallMs());
  }

  /** Null: the key is gone. */
  async #follow(
    prefix: string,
    signal: AbortSignal,
    act: (key: string, value: Uint8Array | null) => Promise<void>,
  ): Promise<void> {
    const { state, clock, say } = this.#options;
    while (!signal.aborted) {
      try {
        let isFirst = true;
        for await (const { events } of state.watch(prefix, { prefix: true, signal })) {
          // The first is a bookmark: what is there already is read now, and nothing after it is missed.
          if (isFirst)
            for (const key of await this.#keys(prefix))
              this.#work.add(key, async () => {
                const [row] = (await state.get(key)).values;
                if (row !== undefined) await act(key, row.value);
              });
          isFirst = false;
          for (const { type, keyValue } of events) {
            const key = Buffer.from(keyValue.key).toString('utf8');
            this.#work.add(key, () => act(key, type === 'put' ? keyValue.value : null));
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        say(`pre-cache: the cluster does not answer (${asError(error).message})`);
        await new Promise<void>((resolve) => void clock.after(againMs, resolve));
      }
    }
  }

  /** Of all applications together, in the order of time. */
  async #keys(prefix: string): Promise<readonly string[]> {
    const { state } = this.#options;
    let from: string | Buffer = prefix;
    const rangeEnd = `${prefix.slice(0, -1)}0`;
    const keys: string[] = [];
    for (let more = true; more; ) {
      const page = await state.get(from, { rangeEnd, limit: pageRows, keysOnly: true });
      for (const { key } of page.values) keys.push(Buffer.from(key).toString('utf8'));
      const last = page.values.at(-1);
      more = page.more && last !== undefined;
      if (last !== undefined) from = Buffer.concat([last.key, Buffer.alloc(1)]);
    }
    return keys.sort((a, b) => startedMsOf(a) - startedMsOf(b));
  }

  async #seen(key: string, value: Uint8Array | null): Promise<void> {
    const sandbox = value === null ? null : decodeSandbox(value);
    if (sandbox === null) {
      const id = key.slice(sandboxPrefix.length);
      this.#sandboxes.delete(id);
      this.#busy.delete(id);
      this.#written.delete(id);
      return;
    }
    this.#sandboxes.set(sandbox.id, sandbox);
    // Whoever joins anew has no plan: it was on another lease.
    this.#written.delete(sandbox.id);
    await this.#plan([sandbox], [], this.#options.clock.wallMs());
  }

  async #logged(key: string, value: Uint8Array | null): Promise<void> {
    const sequence = value === null ? null : decodeSequence(value);
    if (value === null) this.#learnt.delete(key);
    if (sequence === null || this.#learnt.has(key)) return;
    const { application, sandbox, startedMs, ended } = sequence;
    this.#starts.note(application, startedMs);
    if (!ended) {
      this.#busy.set(sandbox, startedMs);
      await this.#replan(sequence);
      return;
    }
    this.#busy.delete(sandbox);
    this.#learnt.add(key);
    this.learnt++;
    await this.#options.forecaster.learn(sequence);
    this.#work.add(`plan ${application}`, () => {
      const nowMs = this.#options.clock.wallMs();
      const inMs = this.#starts.next(application, nowMs)?.quantile(0.5) ?? 0;
      return this.#planFor(application, nowMs + (Number.isFinite(inMs) ? inMs : 0));
    });
  }

  async #replan({ sandbox, items }: RequestSequence): Promise<void> {
    const { state, clock } = this.#options;
    const { values } = await state.get(sandboxKey(sandbox));
    const facts = values[0] === undefined ? null : decodeSandbox(values[0].value);
    const asked = items.map(({ path }) => path);
    if (facts !== null) await this.#plan([facts], asked, clock.wallMs(), values[0]?.lease);
  }

  /** For all sandboxes that last, what they will need when their application begins, at `atMs`. */
  async #planFor(application: string, atMs: number): Promise<void> {
    // One whose end was never logged, as of an agent that was killed, does not count for ever.
    const sinceMs = this.#options.clock.wallMs() - longestInstallMs;
    const lasting = [...this.#sandboxes.values()].filter(
      (each) => each.application === application && (this.#busy.get(each.id) ?? 0) < sinceMs,
    );
    await this.#plan(lasting, [], atMs);
  }

  /** `known`: the lease of the only one. */
  async #plan(
    sandboxes: readonly SandboxFacts[],
    asked: readonly string[],
    atMs: number,
    known?: LeaseId,
  ): Promise<void> {
    const { state, forecaster, planned } = this.#options;
    const [{ application } = { application: '' }] = sandboxes;
    if (sandboxes.length === 0) return;
    const plan = await forecaster.plan({ application, atMs, asked });
    if (plan.length === 0) return;
    const items = plan.map(({ item }) => encodeItem(item));
    const text = JSON.stringify(items);
    for (const { id } of sandboxes) {
      if (this.#written.get(id) === text) continue;
      const lease = known ?? (await state.get(sandboxKey(id))).values[0]?.lease;
      if (lease === undefined) {
        this.#sandboxes.delete(id);
        continue;
      }
      await state.put(planKey(id), JSON.stringify({ items, atMs }), { lease });
      this.#written.set(id, text);
      this.plans++;
      planned?.(id, plan.length);
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(everyMs, done);
        function done(): void {
          timer.cancel();
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done);
      });
      if (!signal.aborted) this.#work.add('beat', () => this.#turn());
    }
  }

  /** What is expected to begin soon is made ready, once for each time. */
  async #turn(): Promise<void> {
    const { state, clock } = this.#options;
    const nowMs = clock.wallMs();
    for (const application of new Set([...this.#sandboxes.values()].map((each) => each.application))) {
      const latestMs = this.#starts.latestMs(application);
      if (this.#readied.get(application) === latestMs) continue;
      const next = this.#starts.next(application, nowMs);
      const probability = next?.within(horizonMs) ?? 0;
      if (next === null || probability < likely) continue;
      // What it was told before may be gone from its cache.
      for (const each of this.#sandboxes.values())
        if (each.application === application) this.#written.delete(each.id);
      await this.#planFor(application, nowMs + next.quantile(probability / 2));
      this.#readied.set(application, latestMs);
    }
    for (const application of this.#starts.before(nowMs - forgottenMs)) {
      await state.delete(applicationPrefix(application), { prefix: true });
      this.#starts.forget(application);
      this.#readied.delete(application);
    }
    const status = this.status();
    const text = JSON.stringify({ ...status, atMs: 0 });
    if (text === this.#status) return;
    await state.put(statusKey, encodeStatus(status));
    this.#status = text;
  }
}
