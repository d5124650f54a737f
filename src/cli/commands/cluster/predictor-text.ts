import type { PredictionStatus } from '../../../ports/prediction-status.ts';
import { figure } from '../../terminal/figure.ts';

/** A line of how the predictor does; what is not as it should be comes after it. */
export function predictorText(status: PredictionStatus): string {
  const {
    state,
    keys,
    series,
    ready,
    behaviour,
    waiting,
    refused,
    mostSeries,
    cpuShare,
    memoryBytes,
    scaledError,
  } = status;
  const parts = [`predictor: ${state}`];
  if (keys === 0) parts.push('no key asks for predictions');
  else {
    parts.push(`${figure(keys)} keys, ${figure(series)} series, ${figure(ready)} forecast`);
    parts.push(`${figure(cpuShare * 100)} % of a core, ${figure(memoryBytes / 1024 / 1024)} MiB`);
  }
  if (scaledError !== null) parts.push(`error ${figure(scaledError)} of last value's`);
  const { met } = status;
  if (met.count > 0)
    parts.push(
      `${figure(met.count)} predictions of failovers met their truth: error ${figure(met.error)}, of the last values ${figure(met.lastError)}`,
    );
  if (waiting > 0)
    parts.push(`${figure(waiting)} of ${figure(series + behaviour)} with those of behaviour wait`);
  if (refused > 0)
    parts.push(`${figure(refused)} keys left out: the budget has room for ${figure(mostSeries)} series`);
  if (status.notNumbers > 0) parts.push(`${figure(status.notNumbers)} values were no numbers`);
  if (status.wentBack > 0)
    parts.push(
      `${figure(status.wentBack)} times the clock of a key's values went back, and what was later was forgotten`,
    );
  if (status.dropped > 0) parts.push(`${figure(status.dropped)} changes dropped: too many waited`);
  if (status.errors > 0)
    parts.push(`${status.errors} errors, the last: ${status.lastError ?? 'of its thread'}`);
  if (keys > 0 && state === 'running' && status.models.length === 0)
    parts.push('without the recurrent network: no model is loaded (tanist model show says why)');
  for (const { name, fault } of status.models)
    if (fault !== null)
      parts.push(`model ${name} is not used: ${fault} (tanist model publish puts another in its place)`);
  return parts.join('  ');
}
