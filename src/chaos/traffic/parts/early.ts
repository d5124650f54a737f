import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../../foundation/errors.ts';
import { atMost } from '../../../local/at-most.ts';
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
/** A caller whose put is not committed by then gives up: its client ends, and has to say which puts it cannot vouch for. */
const givesUpMs = 4000;
const connectAgainMs = 200;

/**
 * Streams of numbers under `acknowledge: leader`, with predictions, and predicted reads. A put that was acknowledged early is committed later or reported as
 * lost, never neither; one that was said to be committed is found.
 */
export const early: Part = {
  name: 'early',
  share: 0.15,
  nativeOnly: true,
  async start({ connections, prefix, rate, nowMs, random, meter, writes, reads, nextValue }) {
    const first = await connections.passing();
    if (first === null)
      throw new TanistError('invalid-argument', 'early acknowledgements need the native API');
    const policy = {
      acknowledge: 'leader',
      tier: 'critical',
      predict: { ...defaultPredictPolicy, fields: ['/load'] },
    } as const;
    await eventually(() => first.setPolicy(prefix, policy).then(() => true), 'the policy could not be set');
    const record = new EarlyRecord();
    const listening = [first.on('lost', (lost) => record.told(lost))];
    let client = first;
    let isChanging = false;
    let isStopping = false;
    /** A client that lives sends its puts again after every failover; one that ends cannot. */
    const giveUp = async (): Promise<void> => {
      isChanging = true;
      await connections.end(client);
      while (isChanging && !isStopping) {
        const next = await connections.passing().catch(() => null);
        if (next === null) await delay(connectAgainMs);
        else {
          client = next;
          listening.push(next.on('lost', (lost) => record.told(lost)));
          isChanging = false;
        }
      }
    };
    const put = async (key: string): Promise<void> => {
      const load = Math.round(1000 * Math.sin((2 * Math.PI * nowMs()) / periodMs)) / 10;
      const value = JSON.stringify({ load, id: nextValue() });
      const id = writes.began('early', 'put', key, value);
      const outcome = await meter.call(() => client.putEarly(key, value));
      if (outcome.kind === 'fail') writes.ended(id, { kind: 'absent' });
      if (outcome.kind !== 'ok') return;
      if (outcome.answer.early) record.early.set(value, nowMs());
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
      if (isChanging) return;
      const [oldestMs = nowMs()] = record.early.values();
      if (nowMs() - oldestMs > givesUpMs) return giveUp();
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
        isStopping = true;
        await pace.stop();
        await atMost(patienceMs, Promise.all(open));
        for (const stopListening of listening) stopListening();
      },
      forget: async () => {
        await (await connections.native('checks'))?.removePolicy(prefix);
        await connections.end(client);
      },
      check: async () => [checkEarly(record, predictions)],
    };
  },
};
