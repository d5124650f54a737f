import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2_000_000;

/**
 * What a child of this process would get beside its first four descriptors: LevelDB opens its files without O_CLOEXEC. A child that held them would keep the
 * room of files that were removed since. Linux; empty elsewhere.
 */
function inherited(): readonly number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number).filter(isInherited);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor <= 3) return false;
  try {
    const [, flags = ''] =
      /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return flags !== '' && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    // Closed meanwhile.
    return false;
  }
}

/** Calls `begin` with what a child's descriptors from 4 on shall be, so that it gets none of this process. */
export function withoutInherited<T>(begin: (rest: readonly (number | 'ignore')[]) => T): T {
  const descriptors = inherited();
  const nothing = openSync('/dev/null', 'r');
  try {
    const rest: (number | 'ignore')[] = new Array(Math.max(3, ...descriptors) - 3).fill('ignore');
    for (const descriptor of descriptors) rest[descriptor - 4] = nothing;
    return begin(rest);
  } finally {
    closeSync(nothing);
  }
}
