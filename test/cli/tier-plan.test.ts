import test from 'ava';
import { showPlan } from '../../src/cli/commands/cluster/tier-plan.ts';
import { type Output, outputTo } from '../../src/cli/terminal/output.ts';
import { nodeId, term } from '../../src/foundation/ids.ts';
import type { TierStepShown, TiersReply } from '../../src/protocol/status/tiers.ts';

const step: TierStepShown = {
  kind: 'promote',
  id: nodeId('n3'),
  to: 'hot',
  lost: null,
  rule: 'latency',
  reason: 'with n3 instead of n1 a majority is nearer',
  mustLastMs: 60_000,
  forMs: 12_000,
  hold: null,
};

function said(steps: readonly TierStepShown[], rest: Partial<TiersReply> = {}): readonly string[] {
  const lines: string[] = [];
  const out: Output = { ...outputTo(false), say: (line) => void lines.push(line) };
  const nothing = { leader: nodeId('n0'), term: term(1), members: [], paths: [], notes: [], running: null };
  showPlan(out, { ...nothing, automatic: true, steps, ...rest });
  return lines;
}

test('a dry run says what the first step waits for', (t) => {
  const plain = ['1. n3 becomes hot  latency', '   with n3 instead of n1 a majority is nearer'];
  const lasts = '   for 12 s of the 60 s that it must last';
  const hold = { forMs: 213_000, why: 'moves for the better are 300 s apart' };
  t.deepEqual(said([]), ['nothing would change']);
  t.deepEqual(said([step]), [...plain, lasts]);
  t.deepEqual(said([{ ...step, hold }]), [
    ...plain,
    lasts,
    '   kept back for 213 s yet: moves for the better are 300 s apart',
  ]);
  t.deepEqual(said([step], { automatic: false }), plain);
});
