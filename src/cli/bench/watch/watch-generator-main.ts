import { etcdFormat, nativeFormat } from './watch-format.ts';
import type { WatchReport, WatchTask } from './watch-generator.ts';
import { Watchers } from './watch-load.ts';

/** The process that watches and puts, apart from the one that directs the measurement. Ends with its parent. */
process.once('disconnect', () => process.exit(0));

process.once('message', (task: WatchTask) => {
  run(task)
    .catch((error: unknown): WatchReport => ({ kind: 'failed', message: (error as Error).message }))
    .then((report) => process.send?.(report));
});

async function run({ api, endpoints, shape, load }: WatchTask): Promise<WatchReport> {
  const watchers = new Watchers(endpoints, shape);
  await watchers.open(endpoints, api === 'etcd' ? etcdFormat : nativeFormat);
  const result = await watchers.run(load);
  watchers.close();
  return { kind: 'result', result };
}
