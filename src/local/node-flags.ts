import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { Tier } from '../node/config/config.ts';

/**
 * Flags of V8 for a node's process. What a failover runs has rarely run before, and nothing else is worth waiting for then: functions are
 * compiled when their module is loaded, to machine code at once, and stay compiled however long they are not used.
 */
export const warmCodeFlags = ['--no-lazy', '--always-sparkplug', '--no-flush-bytecode'] as const;

/** A cold replica takes part in no failover; it is to be small: V8's young generation would take 48 MB while a snapshot comes, and keep it. */
const smallFlags = ['--max-semi-space-size=1'] as const;

const coresPerHelper = 4;
/** As Node.js has it. */
const mostHelpers = 4;

/**
 * Threads that collect garbage beside the event loop. They are as urgent to the system as the loop itself: where three nodes share two cores,
 * four of them each keep a leader's loop waiting for so long (70 of 80 ms, up to 400) that another one is elected.
 */
export function helperFlag(cores: number): string {
  return `--v8-pool-size=${Math.max(1, Math.min(mostHelpers, Math.floor(cores / coresPerHelper)))}`;
}

export function flagsOf(tier: Tier | undefined): readonly string[] {
  return [...(tier === 'cold' ? smallFlags : warmCodeFlags), helperFlag(availableParallelism())];
}

/** For a process that was not started with the flags: good for what is loaded from now on. */
export function keepCodeWarm(): void {
  for (const flag of warmCodeFlags) if (!process.execArgv.includes(flag)) setFlagsFromString(flag);
}
