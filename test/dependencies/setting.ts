import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { type FakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet } from './fleet.ts';

/** Agents to come, what they fetch from, and the registry that they share; gone with the test. */
export async function setting(t: ExecutionContext, ...packages: readonly FakePackage[]) {
  const upstream = await startFakeRegistry(packages);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  return { upstream, fleet, registry: new StateRegistry(fleet.state, systemClock) };
}
