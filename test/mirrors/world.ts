import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import { type MirrorsOptions, openMirrors } from '../../src/mirrors/sdk/open-mirrors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { FakeOrigin } from './fake-origin.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { TestClock } from './test-clock.ts';

export const source = {
  origin: { kind: 'own', name: 'fake' },
  freshForMs: 60_000,
  budget: { perMinute: 60, burst: 10 },
  refresh: 'on-demand',
};

/** A cluster in memory, an origin and time that stands still: source `s`, resource `a`. */
export function world(config: object = {}) {
  const clock = new TestClock();
  const cluster = new MemoryCluster(clock);
  const origin = new FakeOrigin();
  origin.documents.set('a', { cpu: 1 });
  const opened: Mirrors[] = [];
  const open = async (
    options: MirrorsOptions = {},
    own: Clock = clock,
    client: StateClient = cluster.client(),
  ): Promise<Mirrors> => {
    const mirrors = await openMirrors(client, {
      clock: own,
      sources: { s: { ...source, ...config } },
      may: { own: { fake: origin } },
      ...options,
    });
    opened.push(mirrors);
    return mirrors;
  };
  const close = async (): Promise<void> => {
    cluster.reachable = true;
    cluster.answerMs = 0;
    cluster.close();
    await Promise.all(opened.map((mirrors) => mirrors.close()));
  };
  return { clock, cluster, origin, open, close };
}

/** The TanistError's code. */
export async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
