import { readFile } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';
import { parseYaml } from '../../foundation/parse-yaml.ts';
import { loadClusterConfig } from '../../node/config/config.ts';

/**
 * The sections of a cluster's config as they are written; its name and its nodes apart, which the harness has of its own: of `nodes` tiers and labels
 * alone, for the harness's to have. The whole file is checked first. Errors: `config-invalid`.
 */
export async function configSections(file: string): Promise<Readonly<Record<string, object>>> {
  const { nodes } = await loadClusterConfig(file);
  const content: unknown = parseYaml(await readFile(file, 'utf8'));
  const sections: Record<string, object> = {};
  for (const [key, section] of Object.entries(content ?? {})) {
    if (key === 'cluster' || key === 'nodes') continue;
    if (typeof section !== 'object' || section === null)
      throw new TanistError('config-invalid', `${file}: ${key}: must be a map of keys and values`);
    sections[key] = section;
  }
  if (nodes.some(({ labels }) => Object.keys(labels).length > 0))
    sections.nodes = nodes.map(({ tier, labels }) => ({ tier, labels }));
  return sections;
}
