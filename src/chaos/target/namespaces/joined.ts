/** One run at a time; calls made before a run has begun share it. */
export function joined(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | null = null;
  return () => {
    next ??= running.then(() => {
      const run = act();
      next = null;
      running = run.catch(() => undefined);
      return run;
    });
    return next;
  };
}
