import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { removeMirror } from '../../src/mirrors/sdk/administration.ts';
import type { MirrorEvent } from '../../src/mirrors/sdk/mirror-state.ts';
import type { CallOptions, StateClient } from '../../src/ports/state-client.ts';
import { settle } from './test-clock.ts';
import { source, world } from './world.ts';

test('a mirror that was taken away while somebody watches it is looked at again', async (t) => {
  const { clock, cluster, origin, open, close } = world({ freshForMs: 5000 });
  const mirrors = await open();
  const gone = new AbortController();
  const told: MirrorEvent[] = [];
  const watching = (async () => {
    for await (const event of mirrors.watch('s/a', { signal: gone.signal })) told.push(event);
  })();
  await clock.advance(1000);
  await removeMirror(cluster.client(), 's/a');
  origin.documents.set('a', { cpu: 2 });
  await clock.advance(600_000);
  const last = told.at(-1);
  t.deepEqual(last?.kind === 'state' ? last.state.value : last, { cpu: 2 });
  gone.abort();
  await settle();
  await watching;
  await close();
});

/** As `client`, but writes are answered no more once `isSilent` says so. */
function silenced(
  client: StateClient,
  isSilent: () => boolean,
  after: (ms: number, act: () => void) => unknown,
) {
  return new Proxy(client, {
    get(target, name) {
      const act = Reflect.get(target, name);
      if (typeof act !== 'function') return act;
      return (...call: readonly unknown[]) => {
        if (!isSilent() || !['txn', 'put', 'grantLease'].includes(String(name)))
          return act.apply(target, call);
        const { deadlineMs = 10_000 } = (call.at(-1) ?? {}) as CallOptions;
        return new Promise((_, reject) =>
          after(deadlineMs, () => reject(new TanistError('deadline-exceeded', 'no answer'))),
        );
      };
    },
  });
}

test('a cluster that answers nothing is passed, however many sources are asked', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  let isSilent = false;
  const sources = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, source]));
  const client = silenced(
    cluster.client(),
    () => isSilent,
    (ms, act) => clock.after(ms, act),
  );
  const mirrors = await open({ sources, directBudget: { perMinute: 600, burst: 100 } }, clock, client);
  for (const name of Object.keys(sources)) {
    const polled = mirrors.poll(`${name}/a`);
    await clock.advance(50);
    await polled;
  }
  isSilent = true;
  const hits: string[] = [];
  for (let i = 0; i < 40; i++) {
    origin.documents.set(`k${i}`, 1);
    mirrors.poll(`s${i % 20}/k${i}`).then(
      ({ hit }) => hits.push(hit),
      (error: TanistError) => hits.push(error.code),
    );
    await clock.advance(400);
  }
  await clock.advance(15_000);
  t.deepEqual(hits, Array(40).fill('direct'));
  isSilent = false;
  const closing = close();
  await clock.advance(12_000);
  await closing;
});

test('a mirror that is taken away while somebody looks does not come back', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  const client = cluster.client();
  const left = async (): Promise<readonly string[]> =>
    (await client.get('mirrors/', { prefix: true })).values
      .map(({ key }) => Buffer.from(key).toString('utf8'))
      .filter((key) => key.includes('/s/'));
  const mirrors = await open();
  for (const isFirst of [true, false]) {
    let answer = (): void => undefined;
    origin.answer = () =>
      new Promise((resolve) => {
        answer = () =>
          resolve({
            kind: 'content',
            document: { cpu: 7 },
            validators: {},
            changedAtMs: null,
            originMs: null,
          });
      });
    const looking = isFirst ? mirrors.poll('s/a') : mirrors.refresh('s/a');
    await clock.advance(100);
    if (isFirst) t.deepEqual(await left(), ['mirrors/live/l/s/a']);
    await removeMirror(client, 's/a');
    answer();
    await clock.advance(100);
    t.deepEqual((await looking).value, { cpu: 7 });
    await clock.advance(2000);
    t.deepEqual(await left(), []);
    origin.answer = null;
    await mirrors.poll('s/a');
    await clock.advance(100);
  }
  await close();
});
