import test from 'ava';
import { healed } from '../../../src/chaos/run/heal.ts';
import type { Target } from '../../../src/chaos/target.ts';

test('a member that ends while the cluster settles is started, too', async (t) => {
  const started: string[] = [];
  const pids = new Map<string, number | null>([
    ['n0', null],
    ['n1', 2],
  ]);
  let isWhole = (): void => {};
  const target = {
    members: [{ id: 'n0' }, { id: 'n1' }],
    links: { heal: async () => {} },
    pid: (id: string) => pids.get(id) ?? null,
    signal: () => {},
    start: async (id: string) => {
      started.push(id);
      pids.set(id, 7);
      if (id === 'n1') isWhole();
    },
    settled: () =>
      new Promise<void>((resolve) => {
        isWhole = resolve;
        pids.set('n1', null);
      }),
  } as unknown as Target;
  t.deepEqual(await healed(target), []);
  t.deepEqual(started, ['n0', 'n1']);
});

test('what cannot be done is a finding, and nothing is waited for behind it', async (t) => {
  const target = {
    members: [{ id: 'n0' }],
    links: { heal: () => Promise.reject(new Error('no link')) },
    pid: () => null,
    signal: () => {},
    start: () => Promise.reject(new Error('it ends at once')),
    settled: () => Promise.reject(new Error('never asked')),
  } as unknown as Target;
  t.deepEqual(await healed(target), [
    'links could not be restored: no link',
    'n0 does not start: it ends at once',
  ]);
});
