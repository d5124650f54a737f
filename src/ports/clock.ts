/** Time as a node sees it. Nothing below `cli/` reads time in any other way. */
export interface Clock {
  /** Monotonic, ms with fraction, from an arbitrary origin. */
  nowMs(): number;
  /** The operating system's calendar, ms since 1970; may jump either way. */
  wallMs(): number;
  /** Calls once after `delayMs`; never before it. Cancelling twice is harmless. */
  after(delayMs: number, act: () => void): Timer;
  /** Calls after the inputs that are already waiting have been handled (the turn of the event loop in progress). */
  soon(act: () => void): void;
}

export interface Timer {
  cancel(): void;
}

/** Lets everything that waits in this turn of the event loop go first. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise<void>((resolve) => clock.soon(resolve));
}

/** Resolves after so long, or when the signal aborts. */
export function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
