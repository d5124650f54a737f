import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startTarget, type TargetOptions } from '../../../src/chaos/target/start-target.ts';
import type { Target } from '../../../src/chaos/target.ts';
import { eventually } from '../../../src/local/eventually.ts';

/** What runs beside these tests takes the members' time away, again and again; none of it is to look like a death. */
const timing = {
  heartbeatMs: 50,
  suspicionFloorMs: 500,
  suspicionCeilingMs: 1500,
  electionMs: 2000,
  probeMs: 200,
};

/** Three voters behind proxies. */
export function settings(folder: string): TargetOptions {
  return {
    kind: 'tanist',
    folder,
    hot: 3,
    warm: 0,
    cold: 0,
    network: 'proxy',
    config: { timing },
    onMoment: () => undefined,
    nowMs: () => performance.now(),
  };
}

/** Another member than `not` leads. */
export function otherLeader(target: Target, not: string): Promise<string> {
  const another = async (): Promise<string | null> => {
    const now = await target.leader();
    return now === not ? null : now;
  };
  return eventually(another, `no other leader than ${not}`, { patienceMs: 90_000 });
}

/** A target that goes with the test. */
export async function targetFor(t: ExecutionContext, options: Partial<TargetOptions>): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const target = await startTarget({ ...settings(folder), ...options });
  t.teardown(() => target.stop());
  return target;
}
