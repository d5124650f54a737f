import { TanistError } from '../../foundation/errors.ts';
import type { MemberFolder } from '../../ports/member-folder.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Tier, tierOf } from '../../ports/tier.ts';

/** What a folder's databases are those of. The one thing that decides it: whatever of another role is in the folder is of no account. */
export interface Role {
  readonly tier: Tier;
  /** Null: not known yet. */
  readonly lineage: Lineage | null;
}

const name = 'role.json';

/** Null: nothing has been decided; the config's tier holds. Fails with `data-damaged`. */
export async function readRole(folder: MemberFolder): Promise<Role | null> {
  const text = await folder.readNote(name);
  if (text === null) return null;
  try {
    const { tier, lineage } = JSON.parse(text) as { readonly tier: string; readonly lineage: Lineage | null };
    return { tier: tierOf(tier), lineage };
  } catch (cause) {
    throw new TanistError(
      'data-damaged',
      `${name} cannot be read: restore it, or remove the folder's content and let the node join again`,
      { cause },
    );
  }
}

export function writeRole(folder: MemberFolder, role: Role): Promise<void> {
  return folder.writeNote(name, JSON.stringify(role));
}
