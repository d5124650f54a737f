import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startTarget, type TargetOptions } from '../../../src/chaos/target/start-target.ts';
import type { Target } from '../../../src/chaos/target.ts';

/** Three voters behind proxies. */
export function settings(folder: string): TargetOptions {
  return {
    kind: 'tanist',
    folder,
    hot: 3,
    warm: 0,
    cold: 0,
    network: 'proxy',
    onMoment: () => undefined,
    nowMs: () => performance.now(),
  };
}

/** A target that goes with the test. */
export async function targetFor(t: ExecutionContext, options: Partial<TargetOptions>): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const target = await startTarget({ ...settings(folder), ...options });
  t.teardown(() => target.stop());
  return target;
}
