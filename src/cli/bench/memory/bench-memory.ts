import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median, rounded } from '../../../foundation/statistics.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { residentBytes } from '../../../local/process-memory.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { type Output, outputTo } from '../../terminal/output.ts';
import type { BenchMemoryOptions } from '../options.ts';
import { loadBatches, overwriteBatches, writeAll } from './batches.ts';
import { etcdSubject, type Subject, tanistSubject } from './subjects.ts';

/** Resident bytes of every member at the three moments; null where the system does not say. */
export interface MemoryFigures {
  readonly idleBytes: readonly (number | null)[];
  readonly loadedBytes: readonly (number | null)[];
  readonly overwrittenBytes: readonly (number | null)[];
  readonly loadPerSecond: number;
  readonly overwritePerSecond: number;
}

const inFlight = 8;
const compactions = 10;
const megabyte = 1024 * 1024;

/** `bench memory`: one store after the other, so that neither takes memory from the other. */
export async function benchMemory(options: BenchMemoryOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  out.say(
    `${figure(options.keys)} keys of ${options.valueBytes} B, then ${figure(options.overwrites)} overwrites with ${compactions} compactions; transactions of ${options.batch} puts`,
  );
  const tanist = await measure('Tanist', () => tanistSubject(join(folder.path, 'tanist')), options, out);
  const etcd =
    options.against === 'etcd'
      ? await measure('etcd', () => etcdSubject(join(folder.path, 'etcd')), options, out)
      : null;
  out.progress.clear();
  const rows = (label: string, of: MemoryFigures): (string | number)[][] => [
    [`${label}, idle`, ...of.idleBytes.map(mebibytes)],
    [`${label}, ${figure(options.keys)} keys`, ...of.loadedBytes.map(mebibytes)],
    [`${label}, after the overwrites`, ...of.overwrittenBytes.map(mebibytes)],
  ];
  out.table(
    ['resident MiB', 'member 1', 'member 2', 'member 3'],
    [...rows('Tanist', tanist), ...(etcd === null ? [] : rows('etcd', etcd))],
  );
  out.document({
    keys: options.keys,
    overwrites: options.overwrites,
    valueBytes: options.valueBytes,
    tanist,
    ...(etcd === null ? {} : { etcd, ratio: ratiosOf(tanist, etcd) }),
  });
}

/** Of the medians over the members: how many times what etcd takes Tanist does. */
export function ratiosOf(
  tanist: MemoryFigures,
  etcd: MemoryFigures,
): { readonly loaded: number; readonly overwritten: number } {
  const middle = (bytes: readonly (number | null)[]): number => median(bytes.filter((each) => each !== null));
  return {
    loaded: rounded(middle(tanist.loadedBytes) / middle(etcd.loadedBytes)),
    overwritten: rounded(middle(tanist.overwrittenBytes) / middle(etcd.overwrittenBytes)),
  };
}

async function measure(
  label: string,
  start: () => Promise<Subject>,
  options: BenchMemoryOptions,
  out: Output,
): Promise<MemoryFigures> {
  const { keys, overwrites, batch, valueBytes } = options;
  await using stack = cleanup();
  out.progress.update(`${label} starts …`);
  const subject = await start();
  stack.defer(() => subject.stop());
  const settled = async (): Promise<readonly (number | null)[]> => {
    out.progress.update(`${label} settles …`);
    await delay(options.settleSeconds * 1000);
    return Promise.all(subject.pids.map(residentBytes));
  };
  let lastRevision = 0;
  const write = async (puts: Parameters<Subject['putAll']>[0]): Promise<void> => {
    lastRevision = Math.max(lastRevision, await subject.putAll(puts));
  };
  const idleBytes = await settled();
  const loading = meter(keys, (done) => out.progress.update(`${label}: ${figure(done)} keys loaded …`));
  await writeAll(loadBatches(keys, batch, valueBytes), inFlight, write, loading.add);
  const loadPerSecond = loading.perSecond();
  const loadedBytes = await settled();
  const over = meter(overwrites, (done) => out.progress.update(`${label}: ${figure(done)} overwrites …`));
  const batches = overwriteBatches(overwrites, keys, batch, valueBytes);
  for (let part = 1; part <= compactions && overwrites > 0; part++) {
    const until = Math.floor((overwrites * part) / compactions);
    const share: Iterator<Parameters<Subject['putAll']>[0]> = {
      next: () => (over.given() < until ? give(batches.next(), over.give) : { done: true, value: undefined }),
    };
    await writeAll(share, inFlight, write, over.add);
    await subject.compact(lastRevision);
  }
  const overwritePerSecond = over.perSecond();
  const overwrittenBytes = await settled();
  out.say(
    out.style.dim(
      `${label}: ${figure(loadPerSecond)} loaded a second, ${figure(overwritePerSecond)} overwritten`,
    ),
  );
  return { idleBytes, loadedBytes, overwrittenBytes, loadPerSecond, overwritePerSecond };
}

/** Counts what is handed out and what is done. */
function meter(total: number, tell: (done: number) => void) {
  const startedMs = performance.now();
  const every = Math.max(1, Math.floor(total / 100));
  let given = 0;
  let done = 0;
  let told = 0;
  return {
    given: () => given,
    give: (count: number): void => {
      given += count;
    },
    add: (count: number): void => {
      done += count;
      if (done - told < every) return;
      told = done;
      tell(done);
    },
    perSecond: () => rounded((done * 1000) / Math.max(1, performance.now() - startedMs), 0),
  };
}

function give<T extends readonly unknown[]>(
  step: IteratorResult<T, undefined>,
  given: (count: number) => void,
): IteratorResult<T, undefined> {
  if (step.done !== true) given(step.value.length);
  return step;
}

function mebibytes(bytes: number | null): number | string {
  return bytes === null ? 'unknown' : rounded(bytes / megabyte, 0);
}
