import { bytesOf } from '../../../foundation/bytes.ts';
import type { SeriesForecast } from '../../../ports/prediction-status.ts';
import { figure } from '../../terminal/figure.ts';
import { printable } from '../../terminal/json.ts';

export const forecastColumns = [
  'series',
  'model',
  'step ms',
  'last',
  'next',
  'interval',
  'confidence',
  'changes',
  'error',
  'held',
  'values',
] as const;

export function forecastRow(forecast: SeriesForecast): readonly (string | number)[] {
  const {
    changeProbability,
    model,
    inputs,
    stepMs,
    lastValue,
    mean,
    lower,
    upper,
    confidence,
    coverage,
    observations,
  } = forecast;
  return [
    nameOf(forecast),
    // What it follows beside its own past.
    inputs.length === 0 ? model : `${model} ← ${inputs.join(', ')}`,
    stepMs,
    figure(lastValue),
    figure(mean[0] ?? Number.NaN),
    `${figure(lower[0] ?? Number.NaN)} – ${figure(upper[0] ?? Number.NaN)}`,
    figure(confidence[0] ?? Number.NaN),
    // Within the horizon.
    figure(changeProbability.at(-1) ?? Number.NaN),
    figure(relativeError(forecast) ?? Number.NaN),
    figure(coverage),
    observations,
  ];
}

export function forecastJson(forecast: SeriesForecast): object {
  const { space, key, pointer, ...rest } = forecast;
  return {
    series: nameOf(forecast),
    space,
    key: printable(bytesOf(key)),
    pointer,
    ...rest,
    relativeError: relativeError(forecast),
  };
}

function nameOf({ space, key, pointer }: SeriesForecast): string {
  const name = printable(bytesOf(key)) + (pointer === '' ? '' : ` ${pointer}`);
  return space === 'user' ? name : `${space}: ${name}`;
}

/** Null: nothing was met yet, or the last value was never wrong. */
function relativeError({ error, naiveError, scored }: SeriesForecast): number | null {
  return scored === 0 || naiveError === 0 ? null : error / naiveError;
}
