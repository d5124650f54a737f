import { TanistError } from '../../foundation/errors.ts';
import type { MemberFolder } from '../../ports/member-folder.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Tier } from '../../ports/tier.ts';
import { forkOfDamaged, forkOfHot, type HotForkOptions } from '../fork/fork-of-hot.ts';
import { fence } from './transitions.ts';

/**
 * A hot member, stopped, learns of the fork. Where log or state are damaged what it had beyond cannot be told: both are set aside as
 * evidence, and the fork file says why it is empty. Resolves to the name of the file.
 */
export async function fenceHot(
  folder: MemberFolder,
  tier: Exclude<Tier, 'hot'>,
  options: HotForkOptions,
  nodeLog: NodeLog,
): Promise<string> {
  const { fork, disk } = options;
  try {
    const beyond = await forkOfHot(options);
    try {
      return await fence(folder, tier, fork, beyond);
    } finally {
      await beyond.close();
    }
  } catch (error) {
    if (!(error instanceof TanistError && error.code === 'data-damaged')) throw error;
    const file = await fence(folder, tier, fork, forkOfDamaged(options, error.message));
    // Not before: a member without them that still is hot would begin anew.
    for (const database of ['log', 'state'])
      nodeLog.error('set-aside', {
        database,
        evidence: await disk.setAside(database),
        reason: error.message,
      });
    return file;
  }
}
