import { seededRandom } from '../../foundation/random.ts';
import { messageOf } from '../run/heal.ts';
import { RunClock } from '../run/run-clock.ts';
import { type Stage, scriptContext } from '../run/script-context.ts';
import { type Scenario, Stopped } from '../scenario.ts';
import type { SoakEntry } from './schedule.ts';

/** Runs the scripts of a segment at their times; what they failed with. Ends early when told to. */
export async function runSegment(
  stage: Stage,
  entries: readonly SoakEntry[],
  pool: readonly Scenario[],
  lengthMs: number,
  stop?: AbortSignal,
): Promise<readonly string[]> {
  const whole = new RunClock(stage.clock, lengthMs, stop);
  const beganMs = stage.clock.nowMs();
  const failures: string[] = [];
  await Promise.all([
    ...entries.map(async ({ scenario: name, fromMs, toMs, seed }) => {
      const scenario = pool.find((candidate) => candidate.name === name);
      if (scenario === undefined) return;
      try {
        await whole.pause(Math.max(0, fromMs - (stage.clock.nowMs() - beganMs)));
        const run = new RunClock(stage.clock, toMs - fromMs, stop);
        try {
          const script = scriptContext(stage, seededRandom(seed), run);
          await scenario.run(script).finally(() => script.close());
        } finally {
          run.end();
        }
      } catch (error) {
        if (!(error instanceof Stopped)) failures.push(`${name}: ${messageOf(error)}`);
      }
    }),
    whole.pause(lengthMs).catch(() => undefined),
  ]);
  whole.end();
  return failures;
}
