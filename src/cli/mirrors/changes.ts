import { TanistError } from '../../foundation/errors.ts';
import { defineSource, removeMirror, removeSource } from '../../mirrors/index.ts';
import { UsageError } from '../terminal/usage-error.ts';
import type { MirrorOptions, RefreshOptions } from './options.ts';
import { sourcesIn } from './sources-in.ts';
import { plainState } from './views.ts';
import { withMirrors } from './with-mirrors.ts';

/** `mirror add`: sources into the cluster, then mirrors of resources. */
export async function addMirrors(
  ids: readonly string[],
  options: MirrorOptions & { readonly config?: string },
): Promise<void> {
  if (ids.length === 0 && options.config === undefined)
    throw new UsageError('name resources, or sources by --config');
  const sources = options.config === undefined ? {} : await sourcesIn(options.config);
  await withMirrors(
    options,
    async ({ client, mirrors, out }) => {
      for (const [name, config] of Object.entries(sources)) await defineSource(client, name, config);
      const states: object[] = [];
      for (const id of ids) {
        const state = await mirrors.poll(id);
        states.push(plainState(state));
        out.say(`${id}: ${JSON.stringify(state.value)}`);
      }
      out.document({ sources: Object.keys(sources), mirrors: states });
      for (const name of Object.keys(sources)) out.say(`source ${name} defined`);
    },
    { sources },
  );
}

/** `mirror remove`. */
export async function removeMirrors(
  ids: readonly string[],
  options: MirrorOptions & { readonly source?: string },
): Promise<void> {
  const { source } = options;
  if (ids.length === 0 && source === undefined)
    throw new UsageError('name resources, or a source by --source');
  await withMirrors(options, async ({ client, out }) => {
    const removed: string[] = [];
    for (const id of ids) if (await removeMirror(client, id)) removed.push(id);
    const hadSource = source !== undefined && (await removeSource(client, source));
    out.document({ removed, source: hadSource ? source : null });
    out.say(`${removed.length} mirrors removed${hadSource ? `, and source ${source}` : ''}`);
    if (source !== undefined && !hadSource)
      throw new TanistError('source-unknown', `there was no source "${source}" in the cluster`);
    if (removed.length < ids.length) throw noMirror(ids, removed);
  });
}

/** `mirror refresh`. */
export async function refreshMirrors(
  ids: readonly string[],
  options: MirrorOptions & RefreshOptions,
): Promise<void> {
  if (options.invalidate === true && options.force === true)
    throw new UsageError('--invalidate asks nobody, --force asks now: choose one');
  await withMirrors(options, async ({ mirrors, out }) => {
    if (options.invalidate === true) {
      const invalidated = await mirrors.invalidate(...ids);
      out.document({ invalidated });
      out.say(`${invalidated.length} invalidated`);
      if (invalidated.length < new Set(ids).size) throw noMirror(ids, invalidated);
      return;
    }
    const states: object[] = [];
    for (const id of ids) {
      const state = await mirrors.refresh(id, options.force === true ? 'forced' : 'asked');
      states.push(plainState(state));
      out.say(`${id}: ${JSON.stringify(state.value)}`);
    }
    out.document({ mirrors: states });
  });
}

function noMirror(ids: readonly string[], found: readonly string[]): TanistError {
  const missing = ids.filter((id) => !found.includes(id));
  return new TanistError('resource-missing', `there was no mirror of ${missing.join(', ')}`);
}
