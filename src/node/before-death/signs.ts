import type { Signs } from '../../failover/before-death/decide-hand-over.ts';
import type { Sign } from '../../failover/before-death/signal-watch.ts';
import { type SignalName, signalNames } from '../../failover/before-death/signals.ts';

/** What was parsed from a peer's report. Null: it says nothing (another version, or switched off). */
export function signsOf(value: unknown): Signs | null {
  if (typeof value !== 'object' || value === null) return null;
  const given: Readonly<Record<string, unknown>> = { ...value };
  const signs: Partial<Record<SignalName, Sign>> = {};
  for (const name of signalNames) {
    const sign = signOf(given[name]);
    if (sign !== null) signs[name] = sign;
  }
  return signs;
}

function signOf(value: unknown): Sign | null {
  if (typeof value !== 'object' || value === null) return null;
  const { now, endangered, rising }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof now !== 'number' || typeof endangered !== 'boolean' || typeof rising !== 'boolean') return null;
  return { now, endangered, rising };
}
