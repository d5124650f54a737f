import { randomBytes } from 'node:crypto';
import { TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import type { Target } from '../target.ts';
import type { AcknowledgedAt, Traffic, TrafficOptions } from '../traffic.ts';
import { type Api, openConnections } from './connections.ts';
import type { Part } from './part.ts';
import { allParts } from './parts/all-parts.ts';
import { Meter } from './record/meter.ts';
import { mergeReports } from './report.ts';
import { openWindow, type WindowReport } from './window.ts';

/** Keys of the whole traffic begin so. */
const root = 'chaos/';

/**
 * Load on a target, recorded, and checked at the end. Errors: `invalid-argument` no such part; `unavailable` the target does not answer.
 */
export async function startTraffic(target: Target, options: TrafficOptions): Promise<Traffic> {
  const { nowMs } = options;
  const api: Api = target.kind === 'etcd' ? 'etcd' : (options.api ?? 'native');
  const { chosen, leftOut } = choose(options.parts, api);
  const connections = await openConnections(target, api, options.clients);
  const native = await connections.native('checks');
  // Warm replicas hold what is critical, and are read, too.
  if (native !== null && target.members.some(({ tier }) => tier === 'warm'))
    await native.setPolicy(root, { tier: 'critical' });
  const meter = new Meter(nowMs);
  const random = seededRandom(options.seed);
  const run = `${root}${randomBytes(4).toString('hex')}/`;
  const reports: WindowReport[] = [];
  let acknowledged: AcknowledgedAt[] = [];
  let windows = 0;
  const next = () =>
    openWindow({
      target,
      connections,
      parts: chosen,
      prefix: `${run}${windows}/`,
      rate: options.rate,
      callers: options.clients,
      random: random.fork(String(windows++)),
      nowMs,
      meter,
      onAcknowledged: (write) => acknowledged.push(write),
    });
  let window = await next().catch(async (error: unknown) => {
    meter.stop();
    await connections.close();
    throw error;
  });
  if (leftOut.length > 0)
    options.onMoment({
      kind: 'note',
      atMs: nowMs(),
      member: null,
      text: `not over the etcd API: ${leftOut.join(', ')}`,
    });
  const counts = () => {
    const { operations, acknowledged, failed, indeterminate } = meter;
    return { operations, acknowledged, failed, indeterminate };
  };
  let told = { operations: 0, acknowledged: 0, failed: 0, indeterminate: 0 };
  const stop = async (): Promise<void> => {
    await window.stop();
    meter.stop();
  };
  return {
    get acknowledged() {
      return acknowledged;
    },
    samples: meter.samples,
    stalls: meter.stalls,
    parts: chosen.map(({ name }) => name),
    leftOut,
    stop,
    close: async () => {
      meter.stop();
      await connections.close();
      await stop();
    },
    check: async () => {
      try {
        reports.push(await window.check());
        return { ...counts(), ...mergeReports(reports) };
      } finally {
        await connections.close();
      }
    },
    checkpoint: async () => {
      await window.stop();
      const report = await window.check();
      await window.forget();
      reports.push(report);
      const now = counts();
      const since = {
        operations: now.operations - told.operations,
        acknowledged: now.acknowledged - told.acknowledged,
        failed: now.failed - told.failed,
        indeterminate: now.indeterminate - told.indeterminate,
      };
      told = now;
      acknowledged = [];
      window = await next();
      return { ...since, ...mergeReports([report]) };
    },
  };
}

function choose(
  names: readonly string[] | undefined,
  api: Api,
): { readonly chosen: readonly Part[]; readonly leftOut: readonly string[] } {
  const unknown = names?.find((name) => !allParts.some((part) => part.name === name));
  if (unknown !== undefined)
    throw new TanistError(
      'invalid-argument',
      `no traffic is called ${unknown}; there is ${allParts.map(({ name }) => name).join(', ')}`,
    );
  const wanted = allParts.filter(({ name }) => names === undefined || names.includes(name));
  const leftOut = wanted.filter(({ nativeOnly }) => nativeOnly && api === 'etcd');
  return {
    chosen: wanted.filter((part) => !leftOut.includes(part)),
    leftOut: leftOut.map(({ name }) => name),
  };
}
