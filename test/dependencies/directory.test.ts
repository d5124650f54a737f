import test from 'ava';
import { Directory } from '../../src/dependencies/agent/directory.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import type { ClientTxn, TxnAnswer } from '../../src/ports/state-client.ts';
import { TestClock } from '../mirrors/test-clock.ts';
import { MemoryState } from './memory-state.ts';
import { sandbox } from './registry-conformance.ts';

/** A cluster that applies its first transaction late. */
class SlowState extends MemoryState {
  readonly #clock: TestClock;
  #slowMs: number;

  constructor(clock: TestClock, slowMs: number) {
    super();
    this.#clock = clock;
    this.#slowMs = slowMs;
  }

  override async txn(transaction: ClientTxn): Promise<TxnAnswer> {
    const ms = this.#slowMs;
    this.#slowMs = 0;
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    return await super.txn(transaction);
  }
}

function setting(slowMs: number) {
  const clock = new TestClock();
  const state = new SlowState(clock, slowMs);
  const said: string[] = [];
  const directory = new Directory({
    ...{ registry: new StateRegistry(state, clock), self: sandbox('one'), clock, ttlMs: 10_000 },
    held: () => [],
    answers: async () => true,
    say: (text) => said.push(text),
  });
  return { clock, state, said, directory };
}

test('a join that takes longer than it is waited for is the join, and no other', async (t) => {
  const { clock, state, said, directory } = setting(4500);
  const started = directory.start();
  await clock.advance(60_000);
  await started;
  t.true(directory.joined);
  t.is(state.leases.size, 1);
  t.false(
    said.some((text) => text.includes('already')),
    said.join('\n'),
  );
  await directory.stop();
  t.is(state.leases.size, 0);
});

test('a join that comes after the end leaves nothing behind', async (t) => {
  const { clock, state, directory } = setting(4500);
  const started = directory.start();
  await clock.advance(3000);
  await started;
  const stopped = directory.stop();
  await clock.advance(10_000);
  await stopped;
  t.is(state.leases.size, 0);
  t.is(state.keys.size, 0);
});
