/** What the operating system says about this node; absent in the simulator. Bytes; `null`: unknown. */
export interface Vitals {
  readonly memoryUsedBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly diskBytes: number | null;
}
