import type { Acknowledged } from '../../../verification/outage.ts';

/** Writes at a steady rate, whether or not earlier ones have been answered. */
export interface OpenLoop {
  /** In the order of acknowledgement. */
  readonly acknowledged: readonly (Acknowledged & { readonly sequence: number })[];
  readonly issued: number;
  /** Writes that were given up with an error; not acknowledged, so not promised. */
  readonly failed: number;
  /** Stops issuing; resolves when all issued ones have an outcome. */
  stop(): Promise<void>;
}

export function startOpenLoop(
  ratePerSecond: number,
  write: (sequence: number) => Promise<unknown>,
): OpenLoop {
  const acknowledged: (Acknowledged & { readonly sequence: number })[] = [];
  const startedAtMs = performance.now();
  let issued = 0;
  let settled = 0;
  let failed = 0;
  let finished: (() => void) | null = null;
  const settle = (): void => {
    settled++;
    if (finished !== null && settled === issued) finished();
  };
  const issue = (): void => {
    const sequence = issued++;
    const issuedAtMs = performance.now();
    write(sequence).then(
      () => {
        acknowledged.push({ issuedAtMs, ackedAtMs: performance.now(), sequence });
        settle();
      },
      () => {
        failed++;
        settle();
      },
    );
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAtMs) * ratePerSecond) / 1000);
    while (issued < due) issue();
  }, 1);
  return {
    acknowledged,
    get issued() {
      return issued;
    },
    get failed() {
      return failed;
    },
    stop: () => {
      clearInterval(timer);
      return new Promise((resolve) => {
        finished = resolve;
        if (settled === issued) resolve();
      });
    },
  };
}
