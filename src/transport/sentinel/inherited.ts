import { readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2_000_000;
/** Its standard ones, and the one that it is given. */
const first = 4;

/**
 * What a child of this process would get beside its first four descriptors: LevelDB opens its files without O_CLOEXEC, and a child that holds them keeps the
 * room of files that are removed later. Linux; none elsewhere. Looks at every descriptor of the process, so not for its main thread.
 */
export function inheritedDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number).filter(isInherited);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor < first) return false;
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    // Closed meanwhile.
    return false;
  }
}
