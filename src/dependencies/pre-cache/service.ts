import { asError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SandboxFacts } from '../../ports/dependency-registry.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { decodeSandbox, sandboxKey, sandboxPrefix } from '../registry/rows.ts';
import type { ItemForecaster } from './forecaster.ts';
import { decodeSequence, encodeItem, logPrefix, planKey, type RequestSequence } from './sequence.ts';

export interface PreCacheOptions {
  readonly state: StateClient;
  readonly clock: Clock;
  readonly forecaster: ItemForecaster;
  readonly say: (text: string) => void;
  /** A plan was written. */
  readonly planned?: (sandbox: string, items: number) => void;
}

const pageRows = 100;
const againMs = 1000;

/**
 * The Predictive Pre-Cache Engine: learns the logged sequences, and writes for each sandbox what it will need: when it joins, and again as its
 * requests show what it is. Plans are keys on the sandbox's lease, which its agent watches. One such service is enough; several only repeat each other.
 */
export class PreCacheService {
  readonly #options: PreCacheOptions;
  readonly #learnt = new Set<string>();
  /** One thing after another: candidates are not asked while they learn. */
  #work: Promise<void> = Promise.resolve();
  learnt = 0;
  plans = 0;

  constructor(options: PreCacheOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. A watch that breaks is begun anew. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#follow(logPrefix, signal, (key, value) => this.#logged(key, value)),
      this.#follow(sandboxPrefix, signal, async (_key, value) => {
        const sandbox = decodeSandbox(value);
        if (sandbox !== null) await this.#plan(sandbox, []);
      }),
    ]);
  }

  /** All that is done so far; for tests. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #follow(
    prefix: string,
    signal: AbortSignal,
    act: (key: string, value: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const { state, clock, say } = this.#options;
    const then = (key: Uint8Array, value: Uint8Array): void => {
      this.#work = this.#work
        .then(() => act(Buffer.from(key).toString('utf8'), value))
        .catch((error: unknown) => say(`pre-cache: ${asError(error).message}`));
    };
    while (!signal.aborted) {
      try {
        let isFirst = true;
        for await (const { events } of state.watch(prefix, { prefix: true, signal })) {
          // The first is a bookmark: what is there already is read now, and nothing after it is missed.
          if (isFirst) await this.#readAll(prefix, then);
          isFirst = false;
          for (const { type, keyValue } of events) if (type === 'put') then(keyValue.key, keyValue.value);
        }
      } catch (error) {
        if (signal.aborted) return;
        say(`pre-cache: the cluster does not answer (${asError(error).message})`);
        await new Promise<void>((resolve) => void clock.after(againMs, resolve));
      }
    }
  }

  async #readAll(prefix: string, then: (key: Uint8Array, value: Uint8Array) => void): Promise<void> {
    const { state } = this.#options;
    let from: string | Buffer = prefix;
    const rangeEnd = `${prefix.slice(0, -1)}0`;
    const rows: { readonly key: Uint8Array; readonly value: Uint8Array; readonly startedMs: number }[] = [];
    for (let more = true; more; ) {
      const page = await state.get(from, { rangeEnd, limit: pageRows });
      for (const { key, value } of page.values)
        rows.push({ key, value, startedMs: decodeSequence(value)?.startedMs ?? 0 });
      const last = page.values.at(-1);
      more = page.more && last !== undefined;
      if (last !== undefined) from = Buffer.concat([last.key, Buffer.alloc(1)]);
    }
    // Of all applications together, in the order of time.
    rows.sort((a, b) => a.startedMs - b.startedMs);
    for (const { key, value } of rows) then(key, value);
  }

  async #logged(key: string, value: Uint8Array): Promise<void> {
    const sequence = decodeSequence(value);
    if (sequence === null || this.#learnt.has(key)) return;
    if (sequence.ended) {
      this.#learnt.add(key);
      this.learnt++;
      await this.#options.forecaster.learn(sequence);
    } else await this.#replan(sequence);
  }

  async #replan({ sandbox, items }: RequestSequence): Promise<void> {
    const { values } = await this.#options.state.get(sandboxKey(sandbox));
    const facts = values[0] === undefined ? null : decodeSandbox(values[0].value);
    if (facts !== null)
      await this.#plan(
        facts,
        items.map(({ path }) => path),
        values[0]?.lease,
      );
  }

  async #plan(sandbox: SandboxFacts, asked: readonly string[], known?: LeaseId): Promise<void> {
    const { state, clock, forecaster, planned } = this.#options;
    const atMs = clock.wallMs();
    const plan = await forecaster.plan({ application: sandbox.application, atMs, asked });
    if (plan.length === 0) return;
    const lease = known ?? (await state.get(sandboxKey(sandbox.id))).values[0]?.lease;
    if (lease === undefined) return;
    const value = JSON.stringify({ items: plan.map(({ item }) => encodeItem(item)), atMs });
    await state.put(planKey(sandbox.id), value, { lease });
    this.plans++;
    planned?.(sandbox.id, plan.length);
  }
}
