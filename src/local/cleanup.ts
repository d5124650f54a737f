/** What has to be undone at the end, last first, whatever happens in between. (Node 20 has no AsyncDisposableStack.) */
export interface Cleanup extends AsyncDisposable {
  defer(undo: () => Promise<unknown>): void;
}

export function cleanup(): Cleanup {
  const undos: (() => Promise<unknown>)[] = [];
  return {
    defer: (undo) => undos.push(undo),
    [Symbol.asyncDispose]: async () => {
      for (const undo of undos.toReversed()) await undo();
    },
  };
}
