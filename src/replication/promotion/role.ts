import { crc32 } from 'node:zlib';
import { TanistError } from '../../foundation/errors.ts';
import { isRecord } from '../../foundation/is-record.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { MemberFolder } from '../../ports/member-folder.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Tier, tiers } from '../../ports/tier.ts';

/** What a folder's databases are those of. The one thing that decides it: whatever of another role is in the folder is of no account. */
export interface Role {
  readonly tier: Tier;
  /** Null: not known yet. */
  readonly lineage: Lineage | null;
}

const name = 'role.json';
/** Two, so that whichever byte of the file is altered, one of the copies is not. */
const between = '\n\n';

/**
 * Null: nothing has been decided; the config's tier holds. The file has the role twice, each with its checksum: by a role that is not what was written
 * a member would remove what it holds. `repaired` is told where one of the two was altered; the file is whole again then. Fails with `data-damaged`.
 */
export async function readRole(folder: MemberFolder, repaired: () => void = () => {}): Promise<Role | null> {
  const text = await folder.readNote(name);
  if (text === null) return null;
  const copies = text.split('\n').flatMap((line) => sealedIn(line) ?? []);
  const role = copies[0] ?? plainIn(text);
  if (role === null)
    throw new TanistError(
      'data-damaged',
      `${name} is not what was written: restore it, or remove the folder's content and let the node join again`,
    );
  if (copies.length < 2) {
    await writeRole(folder, role);
    if (copies.length > 0) repaired();
  }
  return role;
}

export function writeRole(folder: MemberFolder, { tier, lineage }: Role): Promise<void> {
  const content = JSON.stringify({ tier, lineage });
  const line = JSON.stringify({ role: content, crc: crc32(content) });
  return folder.writeNote(name, `${line}${between}${line}`);
}

function sealedIn(line: string): Role | null {
  const sealed = parsed(line);
  const { role: content, crc } = isRecord(sealed) ? sealed : {};
  if (typeof content !== 'string') return null;
  if (crc32(content) !== crc && mutant.active !== 'role-checksum-ignored') return null;
  return roleOf(parsed(content));
}

/** As earlier versions wrote it: once, and without a checksum. */
function plainIn(text: string): Role | null {
  return text.startsWith('{"tier":') ? roleOf(parsed(text)) : null;
}

function roleOf(value: unknown): Role | null {
  if (!isRecord(value)) return null;
  const tier = tiers.find((known) => known === value.tier);
  const { lineage } = value;
  if (tier === undefined) return null;
  if (lineage === null) return { tier, lineage };
  if (!isRecord(lineage)) return null;
  const { clusterId, epoch } = lineage;
  return typeof clusterId === 'string' && typeof epoch === 'number'
    ? { tier, lineage: { clusterId, epoch } }
    : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
