import { atMost } from '../../local/at-most.ts';
import type { Target } from '../target.ts';

const patienceMs = 90_000;
const lookEveryMs = 100;

/**
 * The end of all faults, whatever the scripts left: links as they were made, stopped processes go on, ended ones are started, and all have
 * what the others have. Each thing that could not be done is a finding, in words.
 */
export async function healed(target: Target): Promise<readonly string[]> {
  const findings: string[] = [];
  const attempt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await bounded(act(), what);
    } catch (error) {
      findings.push(`${what}: ${messageOf(error)}`);
    }
  };
  await attempt('links could not be restored', () => target.links.heal());
  for (const { id } of target.members) if (target.pid(id) !== null) target.signal(id, 'SIGCONT');
  const startEnded = async (): Promise<unknown> =>
    await Promise.all(
      target.members
        .filter(({ id }) => target.pid(id) === null)
        .map(({ id }) => attempt(`${id} does not start`, () => target.start(id))),
    );
  await startEnded();
  if (findings.length > 0) return findings;
  let isOver = false;
  const settled = attempt('the cluster does not settle', () => target.settled()).finally(() => {
    isOver = true;
  });
  // A node that stops itself over the last fault may take a moment for it.
  while (!isOver) {
    await atMost(lookEveryMs, settled);
    if (!isOver && findings.length === 0) await startEnded();
  }
  return findings;
}

/** Whatever hangs is a finding, too, and not the end of the harness. */
export async function bounded<T>(promise: Promise<T>, what: string, withinMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${withinMs / 1000} s`)), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
