import type { TierStepShown, TiersReply } from '../../../protocol/status/tiers.ts';
import { figure } from '../../terminal/figure.ts';
import type { Output } from '../../terminal/output.ts';

/** The steps of a dry run, and what the first one waits for. */
export function showPlan(out: Output, { steps, running, automatic }: TiersReply): void {
  if (running !== null)
    out.say(`under way for ${seconds(running.forMs)}: ${stepText(running)}, since ${running.reason}`);
  if (steps.length === 0) {
    out.say('nothing would change');
    return;
  }
  for (const [i, step] of steps.entries()) {
    out.say(`${i + 1}. ${out.style.bold(stepText(step))}  ${out.style.dim(step.rule)}`);
    out.say(`   ${step.reason}`);
    if (i === 0 && step.mustLastMs > 0 && automatic)
      out.say(`   for ${seconds(step.forMs)} of the ${seconds(step.mustLastMs)} that it must last`);
    if (step.hold !== null) out.say(`   kept back for ${seconds(step.hold.forMs)} yet: ${step.hold.why}`);
  }
}

function stepText({ id, to, lost }: TierStepShown): string {
  return lost === null ? `${id} becomes ${to}` : `${id} becomes ${to} in the place of ${lost}`;
}

function seconds(ms: number): string {
  return `${figure(Math.round(ms / 100) / 10)} s`;
}
