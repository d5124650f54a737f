import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../../foundation/errors.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { eventually } from '../../../local/eventually.ts';
import { outageOf } from '../../../verification/outage.ts';
import { figure } from '../../terminal/figure.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { tierBatches } from './tier-keys.ts';
import { startTiered } from './tiered-cluster.ts';
import { startWrites } from './write-load.ts';

const promisedRate = 2000;
const hot = 3;
const patienceMs = 240_000;
const askEveryMs = 50;
const warmUpMs = 2000;
/** Under a steady load a member is always a few entries behind. */
const levelSeconds = 1;

/** A hot replica of three dies under load and stays dead: until three voters are healthy again, with nobody doing anything. */
export const measureReplacement: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  const { keys, valueBytes, critical: percent, rate = promisedRate, grace: graceMs } = options;
  await using stack = cleanup();
  progress('starts 3 hot replicas and a warm one');
  const tiered = await startTiered({ folder, hot, warm: 1, config: { tiers: { graceMs } } }, stack);
  const { client, cluster } = tiered;
  let written = 0;
  await tiered.writeAll(tierBatches(keys, { percent, valueBytes }), (puts) => {
    written += puts;
    progress(`${figure(written)} of ${figure(keys)} keys written`);
  });
  await tiered.untilLevel('n3');
  const [lost] = await tiered.followers();
  if (lost === undefined) throw new TanistError('unavailable', 'no follower is there to be killed');
  const load = startWrites(tiered, { rate, valueBytes, percent, keys });
  await delay(warmUpMs);
  const killedMs = performance.now();
  cluster.kill(lost, 'SIGKILL');
  await eventually(
    async () => {
      progress(`${lost} was killed ${figure(Math.round((performance.now() - killedMs) / 1000))} s ago`);
      const [{ members }, status] = await Promise.all([
        client.memberList({ deadlineMs: 5000 }),
        client.status({ deadlineMs: 5000 }),
      ]);
      const voters = members.filter(({ voter }) => voter).map(({ id }) => id);
      const whole = status.members.filter(
        ({ member, health, lagRevisions }) =>
          voters.includes(member.id) && health === 'healthy' && lagRevisions <= rate * levelSeconds,
      );
      return voters.length === hot && whole.length === hot && !whole.some(({ member }) => member.id === lost)
        ? true
        : null;
    },
    'three voters were not healthy again',
    { patienceMs, everyMs: askEveryMs },
  );
  const tookMs = performance.now() - killedMs;
  await load.stop();
  const outage = outageOf(load.acknowledged, killedMs);
  const { count } = await client.get('\0', { rangeEnd: '\0', countOnly: true, deadlineMs: 30_000 });
  if (count < keys)
    throw new TanistError('data-damaged', `${count} keys are there afterwards, ${keys} were written`);
  say(`${lost}, a follower, was killed; grace time ${graceMs / 1000} s`);
  return [
    atMost('until three voters are healthy', tookMs / 1000, 's', 60),
    explains('of that grace time', graceMs / 1000, 's'),
    explains('writes failed', load.failed, ''),
    explains('longest time without an acknowledgement at the kill', outage?.outageMs ?? Number.NaN, 'ms'),
  ];
};
