import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';

/** Whether there can be sentinels here; if not, the test's log says so. */
export function hasSetpriv(t: ExecutionContext): boolean {
  try {
    execFileSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    t.log('skipped: no setpriv that knows --pdeathsig');
    return false;
  }
}
