/** What the worker thread does for the network. */
import { Pace } from '../worker/pace.ts';
import { type Handler, handler, Moved, type ThreadContext } from '../worker/serve.ts';
import { adaptWeights } from './adapt.ts';
import { adaptCall, evaluateCall, forecastCall } from './calls.ts';
import { evaluateWeights } from './evaluate.ts';
import { type Forecaster, openForecaster } from './forecaster.ts';
import type { NetworkSize } from './network.ts';

/** Compiled once for each size; there are one or two sizes in a process. */
const forecasters = new Map<string, Promise<Forecaster>>();

export function forecasterOf(size: NetworkSize, { breathe }: ThreadContext): Promise<Forecaster> {
  const key = JSON.stringify(size);
  const known = forecasters.get(key);
  if (known !== undefined) return known;
  const opened = openForecaster(size, breathe);
  forecasters.set(key, opened);
  // One that failed is tried again by the next call.
  opened.catch(() => forecasters.delete(key));
  return opened;
}

export const neuralHandlers: readonly Handler[] = [
  handler(forecastCall, async ({ size, weights, requests, horizon }, context) => {
    const forecaster = await forecasterOf(size, context);
    const answer = await forecaster.forecast(weights, requests, horizon);
    return new Moved(
      answer,
      answer.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])),
    );
  }),
  handler(adaptCall, ({ size, weights, series, options, share }, context) =>
    adaptWeights(size, weights, series, options, new Pace(context, share).rest),
  ),
  handler(evaluateCall, async ({ size, weights, series, options }, context) =>
    evaluateWeights(await forecasterOf(size, context), weights, series, options),
  ),
];
