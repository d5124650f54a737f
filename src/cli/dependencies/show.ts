import { systemClock } from '../../api/system-clock.ts';
import type { AgentStats } from '../../dependencies/agent/options.ts';
import { keysOfIntegrity, keyText, parseKeyText } from '../../dependencies/content-key.ts';
import { decodeStatus, type PreCacheStatus, statusKey } from '../../dependencies/pre-cache/status.ts';
import { decodeHolding, holdingPrefix } from '../../dependencies/registry/rows.ts';
import { StateRegistry } from '../../dependencies/registry/state-registry.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { type ClientOptions, endpointsOf, whileWaiting } from '../command.ts';
import { openPlanes } from '../open-planes.ts';
import { figure } from '../terminal/figure.ts';
import type { Output } from '../terminal/output.ts';
import { statsAt } from './agent-process.ts';

type Options = ClientOptions & { readonly etcd?: boolean };

export async function listDependencies(options: Options & { readonly limit: number }): Promise<void> {
  await withPlanes(options, async (state, out) => {
    const objects: { readonly sha256: string; readonly sizeBytes: number; readonly holders: string[] }[] = [];
    const prefix = `${holdingPrefix}sha256/`;
    const end = `${prefix.slice(0, -1)}0`;
    let from = prefix;
    let more = true;
    while (more && objects.length <= options.limit) {
      const page = await state.get(from, { rangeEnd: end, limit: 1000 });
      for (const { key, value } of page.values) {
        const holding = decodeHolding(key, value);
        if (holding?.state !== 'held') continue;
        const last = objects.at(-1);
        if (last?.sha256 === holding.sha256) last.holders.push(holding.sandbox);
        else objects.push({ sha256: holding.sha256, sizeBytes: holding.size, holders: [holding.sandbox] });
      }
      const lastKey = page.values.at(-1)?.key;
      more = page.more && lastKey !== undefined;
      if (lastKey !== undefined) from = `${Buffer.from(lastKey).toString('utf8')}\0`;
    }
    const shown = objects.slice(0, options.limit);
    out.document({ objects: shown, more: more || objects.length > shown.length });
    out.table(
      ['sha256', 'bytes', 'holders'],
      shown.map(({ sha256, sizeBytes, holders }) => [sha256, sizeBytes, holders.join(' ')]),
    );
    if (more || objects.length > shown.length) out.say('and more; --limit shows them');
  });
}

export async function showHolders(text: string, options: Options): Promise<void> {
  const keys = keysOfIntegrity(text);
  const [, other] = /^(sha(?!1-|256-|512-)\d+)-/.exec(text) ?? [];
  if (keys.length === 0 && other !== undefined)
    throw new TanistError(
      'invalid-argument',
      `objects are not kept by ${other}: give their sha512, sha256 or sha1, as npm's dist.integrity and dist.shasum have them`,
    );
  const wanted = keys.length > 0 ? keys : [parseKeyText(text)];
  await withPlanes(options, async (state, out) => {
    const found = await new StateRegistry(state, systemClock).lookup(wanted);
    const rows = wanted.flatMap((key, i) =>
      (found[i] ?? []).map((holding) => ({ key: keyText(key), ...holding })),
    );
    out.document(rows);
    out.table(
      ['sandbox', 'address', 'zone', 'state', 'bytes', 'sha256'],
      rows.map((row) => [
        row.sandbox,
        row.address,
        row.zone,
        row.state,
        row.state === 'held' ? row.size : '',
        row.state === 'held' ? row.sha256 : '',
      ]),
    );
    if (rows.length === 0) out.say('nobody holds it');
  });
}

export async function showStats(options: Options): Promise<void> {
  await withPlanes(options, async (state, out) => {
    const sandboxes = await new StateRegistry(state, systemClock).sandboxes();
    const told = await Promise.all(
      sandboxes.map(async (sandbox) => ({
        sandbox,
        stats: await statsAt(sandbox.address).catch((): AgentStats | null => null),
      })),
    );
    const [row] = (await state.get(statusKey)).values;
    const preCache = row === undefined ? null : decodeStatus(row.value);
    const sum = (pick: (stats: AgentStats) => number): number =>
      told.reduce((total, { stats }) => total + (stats === null ? 0 : pick(stats)), 0);
    const peerBytes = sum(({ counts }) => counts.peerBytes);
    const upstreamBytes = sum(({ counts }) => counts.upstreamBytes);
    const localBytes = sum(({ counts }) => counts.localBytes);
    out.document({
      sandboxes: told.map(({ sandbox, stats }) => ({
        ...sandbox,
        answers: stats !== null,
        ...(stats ?? {}),
      })),
      peerBytes,
      upstreamBytes,
      localBytes,
      aheadBytes: sum(({ counts }) => counts.aheadBytes),
      aheadUsedBytes: sum(({ counts }) => counts.aheadUsedBytes),
      aheadWastedBytes: sum(({ counts }) => counts.aheadWastedBytes),
      preCache,
    });
    out.table(
      [
        'sandbox',
        'application',
        'objects',
        'bytes',
        'requests',
        'from cache',
        'from peers',
        'from upstream',
        'given',
        'ahead',
        'of it used',
        'in vain',
        'mismatches',
      ],
      told.map(({ sandbox, stats }) =>
        stats === null
          ? [sandbox.id, sandbox.application, 'does not answer', '', '', '', '', '', '', '', '', '', '']
          : [
              sandbox.id,
              sandbox.application,
              stats.cache.objects,
              stats.cache.bytes,
              stats.counts.requests,
              stats.counts.localBytes,
              stats.counts.peerBytes,
              stats.counts.upstreamBytes,
              stats.counts.givenBytes,
              stats.counts.aheadBytes,
              stats.counts.aheadUsedBytes,
              stats.counts.aheadWastedBytes,
              stats.counts.mismatches,
            ],
      ),
    );
    if (preCache !== null) {
      out.say(
        `pre-cache: ${preCache.learnt} sequences learnt, ${preCache.plans} plans, as of ${at(preCache.atMs)}`,
      );
      showPreCache(out, preCache);
    }
  });
}

/** What its plans were worth, by backtest on the sequences as they came, and when applications are expected. */
export function showPreCache(out: Output, { models, applications }: PreCacheStatus): void {
  out.table(
    ['model', 'sequences', 'there before %', 'wasted %', 'useful', 'ahead', 'wasted'],
    models.map(({ model, sequences, hitRate, wastedShare, hitBytes, aheadBytes, wastedBytes }) => [
      model,
      sequences,
      figure(100 * hitRate),
      figure(100 * wastedShare),
      hitBytes,
      aheadBytes,
      wastedBytes,
    ]),
  );
  out.table(
    ['application', 'foretold by', 'began', 'expected next'],
    applications.map(({ application, model, latestMs, expectedMs }) => [
      application,
      model,
      at(latestMs),
      expectedMs === null ? '' : at(expectedMs),
    ]),
  );
}

const at = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

async function withPlanes(
  options: Options,
  act: (state: StateClient, out: Output) => Promise<void>,
): Promise<void> {
  const endpoints = endpointsOf(options);
  await whileWaiting(endpoints, options, async (out) => {
    const planes = await openPlanes(endpoints, options.etcd === true, { connectMs: options.timeout ?? 5000 });
    try {
      await act(planes.state, out);
    } finally {
      await planes.close();
    }
  });
}
