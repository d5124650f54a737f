import { createHash } from 'node:crypto';
import { canonicalJson } from '../format/canonical-json.ts';
import type { SourceConfig } from './source-schema.ts';

const known = new WeakMap<SourceConfig, string>();

/** Equal for sources that ask the same origin and keep the same of it: of any other's value nothing may be "unchanged", and none of it is fresh. */
export function keptBy(config: SourceConfig): string {
  const found = known.get(config);
  if (found !== undefined) return found;
  const { origin, format } = config;
  const made = createHash('sha256')
    .update(canonicalJson([origin, format]))
    .digest('base64url')
    .slice(0, 12);
  known.set(config, made);
  return made;
}
