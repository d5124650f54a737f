import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { budgets } from '../../src/chaos/moment.ts';
import type { ScenarioResult } from '../../src/chaos/run/result.ts';
import { runScenario } from '../../src/chaos/run/run-scenario.ts';
import { systemHarnessClock } from '../../src/chaos/run/system-harness.ts';
import { select } from '../../src/chaos/scenarios/registry.ts';
import { startTarget } from '../../src/chaos/target/start-target.ts';
import { startTraffic } from '../../src/chaos/traffic/start-traffic.ts';
import type { MutantName } from '../../src/foundation/mutants.ts';
import { settings } from './target/settings.ts';

/** The harness finds what it is for: real processes with a planted fault, under the scenario that shows it. `chaos run quick --mutant NAME` does so for any. */
async function run(
  t: ExecutionContext,
  scenario: string,
  mutant: MutantName,
  parts: readonly string[],
  end: { readonly count?: number; readonly seconds: number } = { count: 1, seconds: 120 },
): Promise<ScenarioResult> {
  t.timeout(280_000);
  const selected = select([scenario]);
  const [selection] = selected.kind === 'selected' ? selected.selections : [];
  const folder = await mkdtemp(join(tmpdir(), 'tanist-mutants-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { config } = settings(folder);
  const result = await runScenario(
    { startTarget, startTraffic, clock: systemHarnessClock },
    {
      selection: selection!,
      seed: 1,
      // The number of faults ends it, so that a slow machine makes it longer and not weaker.
      ...end,
      target: 'tanist',
      network: 'proxy',
      mutant,
      ...(config === undefined ? {} : { config }),
      rate: 200,
      clients: 4,
      parts,
      budgets,
      assertBudgets: false,
      folder,
      replay: '',
    },
  );
  t.true(existsSync(join(folder, 'cluster', 'logs', 'n0.log')), 'what was logged can be read afterwards');
  return result;
}

const told = ({ failures, verdicts }: ScenarioResult): string => JSON.stringify({ failures, verdicts });

const broken = ({ verdicts }: ScenarioResult): readonly string[] =>
  verdicts.filter(({ answer }) => answer === 'no').map(({ check }) => check);

/** When a fault strikes depends on real processes: what one run does not show, the next one may, and what has no count a longer one. */
async function firstBroken(
  checks: readonly string[],
  ...[t, scenario, mutant, parts, end]: Parameters<typeof run>
): Promise<ScenarioResult> {
  const isShown = (result: ScenarioResult): boolean => broken(result).some((check) => checks.includes(check));
  const longer = (times: number) => end && { ...end, seconds: times * end.seconds };
  let result = await run(t, scenario, mutant, parts, end);
  for (let times = 2; !isShown(result) && times <= 4; times++)
    result = await run(t, scenario, mutant, parts, longer(times));
  return result;
}

/** Where the history itself lost its end with the power, only what is left of the keys says what is missing. */
const lostWrites = ['acknowledged', 'final-keys'];

test.serial('writes that were acknowledged before their sync are gone with the power', async (t) => {
  t.timeout(280_000);
  const result = await firstBroken(lostWrites, t, 'power-loss', 'acknowledge-before-sync', [
    'steady',
    'registers',
    'early',
  ]);
  t.false(result.ok, told(result));
  t.true(
    broken(result).some((check) => lostWrites.includes(check)),
    told(result),
  );
  t.true(result.lost > 0, told(result));
});

test.serial('a watch that misses an event where it is resumed', async (t) => {
  t.timeout(280_000);
  const result = await firstBroken(['watch'], t, 'kill-leader', 'drop-watch-event-at-resume', [
    'steady',
    'watches',
  ]);
  t.false(result.ok, told(result));
  t.true(broken(result).includes('watch'), told(result));
});

test.serial('leases that a new leader gives all their time again', async (t) => {
  t.timeout(280_000);
  // As long as in `quick`: what is late must have been seen for longer than its time.
  const end = { seconds: 15 };
  const given = ['transfer', 'lease-reset-at-failover', ['steady', 'leases'], end] as const;
  const result = await firstBroken(['lease'], t, ...given);
  t.false(result.ok, told(result));
  t.true(broken(result).includes('lease'), told(result));
});
