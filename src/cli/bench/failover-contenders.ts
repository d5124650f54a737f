import { join } from 'node:path';
import type { Cleanup } from '../../local/cleanup.ts';
import { etcdStore } from './etcd/etcd-store.ts';
import type { BenchFailoverOptions } from './options.ts';
import { PredictedKeys } from './predicted-keys.ts';
import type { Store } from './store.ts';
import { tanistStore } from './tanist-store.ts';

/** What is measured in turns with others. */
export interface Contender {
  readonly name: string;
  readonly store: Store;
  /** Before each run. */
  prepare(): Promise<void>;
  /** Predictions that the new leader of the last run brought. */
  brought(): Promise<number>;
}

/** With predicted keys there is one cluster for both, under the same load all the time: only the policy changes. */
export async function startContenders(
  { against, predict }: Pick<BenchFailoverOptions, 'against' | 'predict'>,
  folder: string,
  stack: Cleanup,
): Promise<readonly Contender[]> {
  const store = await tanistStore(join(folder, 'tanist'));
  stack.defer(() => store.stop());
  const ours = predict === undefined ? [plain(store)] : withAndWithout(store, predict, stack);
  if (against === undefined) return ours;
  const etcd = await etcdStore(join(folder, 'etcd'));
  stack.defer(() => etcd.stop());
  return [...ours, plain(etcd)];
}

function plain(store: Store): Contender {
  return { name: store.name, store, prepare: async () => {}, brought: async () => 0 };
}

function withAndWithout(
  store: Awaited<ReturnType<typeof tanistStore>>,
  count: number,
  stack: Cleanup,
): readonly Contender[] {
  const keys = new PredictedKeys(store.client, store.endpoints, count);
  keys.start();
  stack.defer(() => keys.stop());
  const contender = (name: string, predicts: boolean): Contender => ({
    name,
    store,
    prepare: () => keys.predict(predicts),
    brought: () => keys.brought(),
  });
  return [contender('tanist', false), contender(`tanist, ${count} keys predicted`, true)];
}
