import { asError, TanistError } from '../../../foundation/errors.ts';
import { eventually } from '../../../local/eventually.ts';
import { defaultPredictPolicy } from '../../../ports/prediction.ts';
import { verdict } from '../checks/verdict.ts';
import { startWorkers } from '../pace.ts';
import type { Part } from '../part.ts';

const series = 4;
/** Of the part's rate; the rest are puts. */
const readShare = 0.25;
const periodMs = 4000;

/**
 * Streams of numbers under `acknowledge: leader`, with predictions, and predicted reads. A put that was acknowledged early is committed later or reported as
 * lost, never neither; one that was said to be committed is found.
 */
export const early: Part = {
  name: 'early',
  share: 0.15,
  nativeOnly: true,
  async start({ connections, prefix, rate, nowMs, random, meter, writes, reads, nextValue }) {
    const client = await connections.native('early');
    if (client === null)
      throw new TanistError('invalid-argument', 'early acknowledgements need the native API');
    const policy = {
      acknowledge: 'leader',
      tier: 'critical',
      predict: { ...defaultPredictPolicy, fields: ['/load'] },
    } as const;
    await eventually(() => client.setPolicy(prefix, policy).then(() => true), 'the policy could not be set');
    const counts = { early: 0, committed: 0, lost: 0, neither: 0, predictions: 0 };
    const put = async (key: string): Promise<void> => {
      const load = Math.round(1000 * Math.sin((2 * Math.PI * nowMs()) / periodMs)) / 10;
      const value = JSON.stringify({ load, id: nextValue() });
      const id = writes.began('early', 'put', key, value);
      const outcome = await meter.call(() => client.putEarly(key, value));
      if (outcome.kind === 'fail') writes.ended(id, { kind: 'absent' });
      if (outcome.kind !== 'ok') return;
      if (outcome.answer.early) counts.early++;
      try {
        const { revision } = await outcome.answer.committed;
        counts.committed++;
        writes.ended(id, { kind: 'acknowledged', revision });
      } catch (error) {
        const told = asError(error);
        const mayBeThere = !(told instanceof TanistError) || told.indeterminate;
        counts.lost++;
        writes.ended(id, { kind: 'reported-lost', mayBeThere });
      }
    };
    const open = new Set<Promise<void>>();
    const pace = startWorkers(series, rate, nowMs, async (worker) => {
      const key = `${prefix}${worker}`;
      if (random.chance(readShare)) {
        const outcome = await meter.call(() => client.get(key, { consistency: 'predicted' }));
        if (outcome.kind !== 'ok') return;
        counts.predictions += outcome.answer.predictions.length;
        reads.saw('predicted', 'any member', key, false, outcome.answer);
        return;
      }
      // The stream goes on before the commit: that is its point.
      const one = put(key).finally(() => open.delete(one));
      open.add(one);
    });
    return {
      stop: async () => {
        await pace.stop();
        await Promise.all(open);
      },
      forget: () => client.removePolicy(prefix),
      check: async () => {
        const { committed, lost, predictions } = counts;
        const looked = `${counts.early} early acknowledgements: ${committed} committed, ${lost} reported lost; ${predictions} predictions read`;
        return [verdict('early', looked, [], { enough: counts.early > 0 })];
      },
    };
  },
};
