import { join } from 'node:path';
import { TanistError } from '../../../foundation/errors.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { figure } from '../../terminal/figure.ts';
import { oneRun, type Run, resultOf } from '../failover.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { tanistStore } from '../tanist-store.ts';

const promisedRate = 2000;
const budget = { medianMs: 15, worstMs: 60 } as const;
const others = { warm: 2, cold: 1 } as const;

/** The leader is killed in turns in a cluster with replicas beyond the quorum and in one without; both run all the time. */
export const measureFailover: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  const rate = options.rate ?? promisedRate;
  await using stack = cleanup();
  const contenders = [
    { name: '3 hot, 2 warm, 1 cold', given: others },
    { name: '3 hot alone', given: {} },
  ];
  const runs = new Map<string, Run[]>();
  const stores = [];
  for (const [i, { name, given }] of contenders.entries()) {
    progress(`starts ${name}`);
    const store = await tanistStore(join(folder, String(i)), given);
    stack.defer(() => store.stop());
    stores.push({ name, store });
    runs.set(name, []);
  }
  for (let number = 1; number <= options.runs; number++)
    for (const { name, store } of stores) {
      progress(`run ${number} of ${options.runs}: ${name}`);
      const run = await oneRun(store, `failover/${number}/`, { fault: 'kill', rate, leadIn: 0.7 });
      runs.get(name)?.push(run);
      say(`run ${number}: ${name} ${figure(run.outageMs)} ms`);
    }
  const results = stores.map(({ name }) => ({ name, result: resultOf(runs.get(name) ?? []) }));
  const lost = results.reduce((sum, { result }) => sum + result.lost, 0);
  if (lost > 0)
    throw new TanistError('data-damaged', `${lost} acknowledged writes were not found afterwards`);
  return results.flatMap(({ name, result }, i) => {
    const tell =
      i === 0 ? atMost : (what: string, value: number, unit: string) => explains(what, value, unit);
    return [
      tell(`median outage, ${name}`, result.medianMs, 'ms', budget.medianMs),
      tell(`worst outage of ${result.runs}, ${name}`, result.maxMs, 'ms', budget.worstMs),
    ];
  });
};
