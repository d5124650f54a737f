import test from 'ava';
import { noLease, revision } from '../../src/foundation/ids.ts';
import { LiveMirror } from '../../src/mirrors/state/live-mirror.ts';
import type { CheckRecord, ValueRecord } from '../../src/mirrors/state/records.ts';
import type { ClientKeyValue, StateClient, WatchBatch } from '../../src/ports/state-client.ts';
import { TestClock } from './test-clock.ts';

const put = (key: string, record: object, at: number) => ({
  type: 'put' as const,
  keyValue: keyValue(key, record, at),
});

function keyValue(key: string, record: object, at: number): ClientKeyValue {
  return {
    key: Buffer.from(`mirrors/live/${key}`),
    value: Buffer.from(JSON.stringify(record)),
    createRevision: revision(at),
    modRevision: revision(at),
    version: 1,
    lease: noLease,
  };
}

const value = (digest: string) => ({ digest, format: 'k' }) as unknown as ValueRecord;
const check = (fence: number) =>
  ({
    fence,
    by: 'p',
    checkedAtMs: 0,
    tookMs: 1,
    failure: null,
    gone: false,
    reason: 'stale',
  }) as unknown as CheckRecord;

/** A cluster whose answers and deltas the test gives, one by one. */
class Script {
  readonly clock = new TestClock();
  readonly live: LiveMirror;
  #page: readonly ClientKeyValue[] = [];
  #at = 0;
  #held: (() => void) | null = null;
  holds = false;
  #next: { resolve(batch: IteratorResult<WatchBatch>): void; reject(error: Error): void } | null = null;

  constructor() {
    const client = {
      get: async () => {
        if (this.holds) await new Promise<void>((resolve) => (this.#held = resolve));
        return { revision: revision(this.#at), values: this.#page, count: this.#page.length, more: false };
      },
      watch: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise((resolve, reject) => (this.#next = { resolve, reject })),
          return: async () => ({ done: true, value: undefined }),
        }),
      }),
    } as unknown as StateClient;
    this.live = new LiveMirror({
      client,
      clock: this.clock,
      by: 'p',
      silentMs: 1000,
      near: null,
      times: () => ({ freshForMs: 1e6, horizonMs: 0, kept: 'k' }) as never,
      onSource: () => undefined,
      onTrouble: () => undefined,
    });
  }

  pages(at: number, ...values: ClientKeyValue[]): void {
    this.#at = at;
    this.#page = values;
  }

  async release(): Promise<void> {
    this.#held?.();
    await this.clock.advance(0);
  }

  async says(at: number, ...events: WatchBatch['events']): Promise<void> {
    this.#next?.resolve({ done: false, value: { revision: revision(at), events } as WatchBatch });
    await this.clock.advance(0);
  }

  async breaks(): Promise<void> {
    this.#next?.reject(new Error('the stream broke'));
    await this.clock.advance(1000);
  }
}

test('what was written while the pages were read anew is not taken back by them', async (t) => {
  const at = new Script();
  at.pages(50, keyValue('v/s/a', value('old'), 40), keyValue('c/s/a', check(39), 40));
  await at.live.start();
  const shown: (string | undefined)[] = [];
  at.live.onChange(({ name, value: now }) => shown.push(`${name} ${now?.digest}`));
  at.holds = true;
  await at.breaks();
  at.live.wrote('s/a', check(59), value('new'), revision(60));
  at.live.wrote('s/b', check(60), value('made'), revision(61));
  await at.release();
  await at.says(
    61,
    put('v/s/a', value('new'), 60),
    put('c/s/a', check(59), 60),
    put('v/s/b', value('made'), 61),
    put('c/s/b', check(60), 61),
  );
  t.is(at.live.entries.get('s/b')?.value?.digest, 'made');
  t.deepEqual(
    shown.filter((each) => each !== 's/a new' && each !== 's/b made'),
    [],
  );
  t.true(shown.length >= 2);
  void at.live.stop();
});

test('a look that found nothing new says nothing of a value that another wrote before it', async (t) => {
  const at = new Script();
  at.pages(50, keyValue('v/s/a', value('first'), 40), keyValue('c/s/a', check(39), 40));
  await at.live.start();
  at.live.wrote('s/a', check(59), undefined, revision(100));
  await at.says(95, put('v/s/a', value('second'), 95), put('c/s/a', check(50), 95));
  await at.says(100, put('c/s/a', check(59), 100));
  t.is(at.live.entries.get('s/a')?.value?.digest, 'second');
  t.is(at.live.entries.get('s/a')?.check?.fence, 59);
  at.live.wrote('s/gone', check(5), null, revision(20));
  t.false(at.live.entries.has('s/gone'));
  void at.live.stop();
});
