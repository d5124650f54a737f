import test from 'ava';
import { mergeReports } from '../../../src/chaos/traffic/report.ts';
import { type Account, mergeTruth } from '../../../src/chaos/traffic/truth/merge.ts';
import { WatchSource } from '../../../src/chaos/traffic/truth/watch-source.ts';
import type { Verdict } from '../../../src/chaos/traffic.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { leaseId, revision } from '../../../src/foundation/ids.ts';
import type { StateClient, WatchBatch, WatchOptions } from '../../../src/ports/state-client.ts';
import type { TrueEvent } from '../../../src/verification/truth.ts';

const put = (at: number, value = `v${at}`): TrueEvent => ({ revision: at, type: 'put', key: 'k', value });

function account(
  name: string,
  events: readonly TrueEvent[],
  gaps: Account['gaps'] = [],
  reached = 10,
): Account {
  return { name, byRevision: new Map(events.map((event) => [event.revision, [event]])), gaps, reached };
}

test('two watches that agree make one history', (t) => {
  const all = [put(2), put(3), put(4)];
  const { truth, violations, uncovered, agreed } = mergeTruth([account('a', all), account('b', all)], 2, 10);
  t.deepEqual([...truth.between(0, 99)].flat(), all);
  t.deepEqual(violations, []);
  t.deepEqual(uncovered, []);
  t.is(agreed, 3);
});

test('one that lacks an event, has another, or none of its own contradicts', (t) => {
  const all = [put(2), put(3), put(4)];
  for (const other of [
    [put(2), put(4)],
    [put(2), put(3, 'x'), put(4)],
    [...all, put(5)],
  ])
    for (const accounts of [
      [account('a', all), account('b', other)],
      [account('b', other), account('a', all)],
    ])
      t.is(mergeTruth(accounts, 2, 10).violations.length, 1);
});

test('where one has a gap the other says what was; where both have, nobody does', (t) => {
  const all = [put(2), put(3), put(4)];
  const gapped = account('b', [put(4)], [{ from: 2, through: 3 }]);
  const { truth, violations, uncovered } = mergeTruth([account('a', all), gapped], 2, 10);
  t.deepEqual([...truth.between(0, 99)].flat(), all);
  t.deepEqual(violations, []);
  t.deepEqual(uncovered, []);
  const both = mergeTruth([account('a', [put(4)], [{ from: 3, through: 3 }], 8), gapped], 2, 10);
  t.deepEqual(both.uncovered, [{ from: 3, through: 3 }]);
  const late = mergeTruth([account('a', all, [], 6), account('b', all, [], 8)], 2, 10);
  t.deepEqual(late.uncovered, [{ from: 9, through: 10 }]);
});

/** Watches end with what comes next in the script; the last one stays. */
function scripted(script: readonly (readonly WatchBatch[] | TanistError)[]): {
  client: StateClient;
  asked: (number | null)[];
} {
  const asked: (number | null)[] = [];
  let next = 0;
  async function* watch(_key: unknown, options?: WatchOptions): AsyncGenerator<WatchBatch> {
    asked.push(options?.fromRevision ?? null);
    const act = script[next++];
    if (act instanceof TanistError) throw act;
    yield* act ?? [];
    if (next === script.length && options?.signal?.aborted !== true)
      await new Promise<void>((resolve) => {
        options?.signal?.addEventListener('abort', () => resolve(), { once: true });
      });
  }
  return { client: { watch } as unknown as StateClient, asked };
}

function batch(at: number, events = true): WatchBatch {
  const keyValue = {
    key: Buffer.from('k'),
    value: Buffer.from(`v${at}`),
    createRevision: revision(at),
    modRevision: revision(at),
    version: 1,
    lease: leaseId(0n),
  };
  return { revision: revision(at), events: events ? [{ type: 'put', keyValue }] : [] };
}

async function gathered(
  script: Parameters<typeof scripted>[0],
  compacted: number,
  until: number,
): Promise<{ source: WatchSource; asked: (number | null)[] }> {
  const { client, asked } = scripted(script);
  let arrived = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const source: WatchSource = new WatchSource(
    'w',
    client,
    'k',
    2,
    () => compacted,
    () => {
      if (source.reached >= until || source.failure !== null) arrived();
    },
  );
  await done;
  await source.stop();
  return { source, asked };
}

const refusal = new TanistError('revision-compacted', 'compacted');

test('a watch that is refused as compacted goes on from the present, with a gap', async (t) => {
  const { source, asked } = await gathered([[batch(2)], refusal, [batch(7, false), batch(8)]], 5, 8);
  t.deepEqual(asked, [2, 3, null]);
  t.deepEqual(source.gaps, [{ from: 3, through: 7 }]);
  t.deepEqual([...source.byRevision.keys()], [2, 8]);
  t.deepEqual(source.violations, []);
});

test('a refusal beyond all compactions is wrong, and so is an event twice', async (t) => {
  const refused = await gathered([[batch(2)], refusal, [batch(7, false)]], 2, 7);
  t.is(refused.source.violations[0]?.check, 'watch-compacted');
  const twice = await gathered([[batch(2), batch(2), batch(3)]], 0, 3);
  t.is(twice.source.violations[0]?.check, 'watch-unique');
});

test('of several windows the worst answer counts, but for one that was too short', (t) => {
  const verdict = (answer: Verdict['answer'], scant = false): Verdict => ({
    check: 'c',
    answer,
    detail: answer,
    violations: [],
    ...(scant ? { scant: true } : {}),
  });
  const worst = (...verdicts: readonly Verdict[]): string | undefined =>
    mergeReports(verdicts.map((each) => ({ lost: 0, earlyLost: 0, verdicts: [each] }))).verdicts[0]?.answer;
  t.is(worst(verdict('yes'), verdict('no'), verdict('unknown')), 'no');
  t.is(worst(verdict('yes'), verdict('unknown')), 'unknown');
  t.is(worst(verdict('yes'), verdict('unknown', true)), 'yes');
  t.is(worst(verdict('unknown', true)), 'unknown');
});
