/** A time-to-live as etcd's API says it: whole seconds, and those of a living lease are not 0, which means that there is none. */
export function secondsOf(ttlMs: number): number {
  return ttlMs === 0 ? 0 : Math.max(1, Math.floor(ttlMs / 1000));
}
