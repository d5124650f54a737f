import type { Part } from '../parts/part.ts';
import { measureBeforeDeath } from './before-death/measure.ts';
import { measureOrdinary } from './before-death/ordinary.ts';
import type { BenchPredictOptions, PartName } from './options.ts';
import { measureCold } from './replay/cold.ts';
import { measureEarly } from './replay/early.ts';
import { measureTable } from './table/table.ts';

export const parts: Readonly<Record<PartName, Part<BenchPredictOptions>>> = {
  table: {
    about: 'numeric keys, each changed once a second, on one node: what their forecasts cost',
    run: ({ options: { keys, seconds, warmUp }, folder, progress }) =>
      measureTable({ keys, seconds, warmUpSeconds: warmUp }, folder, progress),
  },
  cold: {
    about: 'real series replayed as state, a step a second; a cold replica, promoted by force, goes on',
    run: measureCold,
  },
  early: {
    about:
      'series that the leader acknowledges alone, 200 ms from its followers; it is killed, a follower goes on',
    run: measureEarly,
  },
  'before-death': {
    about: 'a fault grows in the leader: does it hand over before the failure, and how long do writes wait',
    run: measureBeforeDeath,
  },
  ordinary: { about: 'a load that varies as loads do: no hand-over is wanted', run: measureOrdinary },
};
