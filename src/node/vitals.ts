/** What the operating system says about this node; absent in the simulator. Bytes; `null`: unknown. */
export interface Vitals {
  readonly memoryUsedBytes: number | null;
  readonly memoryLimitBytes: number | null;
  /** In use just after the last full collection of garbage; null or absent: not known, or the memory is not a collector's. */
  readonly memoryFloorBytes?: number | null;
  readonly diskFreeBytes: number | null;
  readonly diskBytes: number | null;
}
