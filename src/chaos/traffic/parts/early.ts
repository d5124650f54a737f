import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../../foundation/errors.ts';
import { eventually } from '../../../local/eventually.ts';
import { defaultPredictPolicy } from '../../../ports/prediction.ts';
import { checkEarly, EarlyRecord } from '../checks/early.ts';
import { startWorkers } from '../pace.ts';
import type { Part } from '../part.ts';

const series = 4;
/** Of the part's rate; the rest are puts. */
const readShare = 0.25;
const periodMs = 4000;
/** Longer than any call's deadline: by then an early put is committed or lost. */
const patienceMs = 15_000;

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
    const record = new EarlyRecord();
    const stopListening = client.on('lost', (lost) => record.told(lost));
    const put = async (key: string): Promise<void> => {
      const load = Math.round(1000 * Math.sin((2 * Math.PI * nowMs()) / periodMs)) / 10;
      const value = JSON.stringify({ load, id: nextValue() });
      const id = writes.began('early', 'put', key, value);
      const outcome = await meter.call(() => client.putEarly(key, value));
      if (outcome.kind === 'fail') writes.ended(id, { kind: 'absent' });
      if (outcome.kind !== 'ok') return;
      if (outcome.answer.early) record.early.add(value);
      try {
        const { revision } = await outcome.answer.committed;
        record.committed++;
        writes.ended(id, { kind: 'acknowledged', revision });
      } catch (error) {
        const mayBeThere = !(error instanceof TanistError) || error.indeterminate;
        record.rejected.add(value);
        writes.ended(id, { kind: 'reported-lost', mayBeThere });
      }
      record.early.delete(value);
    };
    let predictions = 0;
    const open = new Set<Promise<void>>();
    const pace = startWorkers(series, rate, nowMs, async (worker) => {
      const key = `${prefix}${worker}`;
      if (random.chance(readShare)) {
        const outcome = await meter.call(() => client.get(key, { consistency: 'predicted' }));
        if (outcome.kind !== 'ok') return;
        predictions += outcome.answer.predictions.length;
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
        const settled = Promise.all(open);
        await Promise.race([settled, delay(patienceMs, undefined, { ref: false })]);
        stopListening();
      },
      forget: () => client.removePolicy(prefix),
      check: async () => [checkEarly(record, predictions)],
    };
  },
};
