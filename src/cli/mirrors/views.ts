import { TanistError } from '../../foundation/errors.ts';
import { rounded } from '../../foundation/statistics.ts';
import type { MirrorState, MirrorsOptions, ResourceHealth } from '../../mirrors/index.ts';
import type { ViewOptions } from './options.ts';
import { withMirrors } from './with-mirrors.ts';

/** `mirror list`: what the cluster has, without asking any origin. */
export async function listMirrors(prefix: string, options: ViewOptions): Promise<void> {
  await withMirrors(
    options,
    async ({ mirrors, out }) => {
      const health = await mirrors.health();
      const resources = health.resources.filter(({ id }) => id.startsWith(prefix));
      out.document({ ...health, resources, sources: mirrors.sources.names() });
      out.table(
        [
          'mirror',
          'state',
          'age',
          'change in',
          'looks',
          'changes',
          'predicted',
          'found',
          'reads/s',
          'trouble',
        ],
        resources.map(row),
      );
      const { hits } = health;
      out.say(
        `${resources.length} mirrors of ${mirrors.sources.names().length} sources, ${health.refreshers.length} refreshers; ` +
          `reads: ${hits.fresh} fresh, ${hits.predicted} predicted, ${hits.origin} origin, ${hits.stale} stale, ${hits.direct} direct`,
      );
    },
    nearOf(options),
  );
}

function row(one: ResourceHealth): readonly (string | number)[] {
  return [
    one.id,
    one.state,
    one.ageMs === null ? '' : duration(one.ageMs),
    one.changeExpectedMs === null ? '' : duration(one.changeExpectedMs),
    one.counts.looks,
    one.counts.changes,
    percent(one.precision),
    percent(one.recall),
    rounded(one.readsPerSecond),
    one.failure === null ? '' : one.failure.code,
  ];
}

/** `mirror show`. */
export async function showMirror(id: string, options: ViewOptions): Promise<void> {
  await withMirrors(
    options,
    async ({ mirrors, out }) => {
      const entry = mirrors.live.entries.get(id);
      if (entry === undefined)
        throw new TanistError(
          'resource-missing',
          `there is no mirror of ${id}; add it with tanist mirror add`,
        );
      const state = mirrors.peek(id);
      const health = (await mirrors.health()).resources.find((each) => each.id === id) ?? null;
      out.document({ state: state === null ? null : plainState(state), health });
      if (state !== null) out.say(JSON.stringify(state.value, null, 2));
      if (health === null) return;
      out.table(
        ['what', 'is'],
        [
          ['state', health.state],
          ['age', health.ageMs === null ? '' : duration(health.ageMs)],
          ['changed', state === null ? '' : new Date(state.changedAtMs).toISOString()],
          [
            'change expected in',
            health.changeExpectedMs === null ? 'not soon, or unknown' : duration(health.changeExpectedMs),
          ],
          [
            'last look',
            `${health.lastReason ?? ''} by ${health.refreshedBy ?? ''}, ${health.refreshLatencyMs ?? ''} ms`,
          ],
          ['looks, changes', `${health.counts.looks}, ${health.counts.changes}`],
          ['predicted looks that found a change', percent(health.precision)],
          ['changes that a predicted look found', percent(health.recall)],
          [
            'trouble',
            health.failure === null ? 'none' : `${health.failure.message} (${health.failure.code})`,
          ],
        ],
      );
    },
    nearOf(options),
  );
}

/** An error has no fields that JSON shows. */
export function plainState({ trouble, ...rest }: MirrorState): object {
  return { ...rest, trouble: trouble === null ? null : { code: trouble.code, message: trouble.message } };
}

function percent(share: number | null): string {
  return share === null ? '' : `${Math.round(100 * share)} %`;
}

function duration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1000) return `${sign}${size} ms`;
  if (size < 120_000) return `${sign}${rounded(size / 1000, 1)} s`;
  if (size < 7_200_000) return `${sign}${rounded(size / 60_000, 1)} min`;
  return `${sign}${rounded(size / 3_600_000, 1)} h`;
}

function nearOf({ zone }: ViewOptions): MirrorsOptions {
  return zone === undefined ? {} : { near: { zone } };
}
