import type { Progress } from '../terminal/progress.ts';

/** A way to say how far something is, which is only heard when it takes long, and a few times a second. */
export function shownAfterMs(progress: Progress, afterMs: number): (text: string) => void {
  let nextMs = performance.now() + afterMs;
  return (text) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + 200;
    progress.update(text);
  };
}

export function byteText(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
