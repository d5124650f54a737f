/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (told) process.exit(1);
        told = true;
        resolve(signal);
      });
  });
}

/** For a command that has nothing to bring to an end: the first SIGINT or SIGTERM ends the process; what it started and its temporary folders go with it. */
export function exitOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.stderr.write(`tanist: stopped by ${signal}\n`);
      process.exit(1);
    });
}
