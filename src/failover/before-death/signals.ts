/** What a node can see its own end coming in. */
export const signalNames = ['memory', 'disk', 'sync', 'loop'] as const;
export type SignalName = (typeof signalNames)[number];

/**
 * One look at a node. Larger is worse. Null: not known now (no write was synced, the system does not say, a simulator).
 *
 * - `memory`: part of the limit in use, 0 to 1
 * - `disk`: part of the space above the reserve in use, 0 to 1: at 1 writes are refused
 * - `sync`: mean duration of the synced writes since the look before, ms
 * - `loop`: the longest that the event loop was late since the look before, ms: what peers notice is a silence, not a mean
 */
export type Readings = Readonly<Record<SignalName, number | null>>;

export interface SignalPolicy {
  /** False: no hand-over because of it, and no heir is judged by it. */
  readonly watch: boolean;
  /** Where the node is as good as dead. */
  readonly limit: number;
  /** Below it nothing is predicted, however it rises. */
  readonly zone: number;
}

export interface BeforeDeathPolicy {
  readonly enabled: boolean;
  /** A breach further ahead is no reason yet. */
  readonly horizonMs: number;
  /** Between two such hand-overs in the cluster. */
  readonly minimumIntervalMs: number;
  /** How sure a breach must be, 0 to 1. */
  readonly confidence: number;
  readonly signals: Readonly<Record<SignalName, SignalPolicy>>;
}

export const defaultBeforeDeath: BeforeDeathPolicy = {
  enabled: true,
  horizonMs: 20_000,
  minimumIntervalMs: 60_000,
  confidence: 0.98,
  signals: {
    // V8 collects more and more for less and less in the last tenth, and a container's limit kills without a word.
    memory: { watch: true, limit: 0.9, zone: 0.6 },
    disk: { watch: true, limit: 1, zone: 0.7 },
    // A leader acknowledges what is on its own disk too: clients wait for it in every write.
    sync: { watch: true, limit: 50, zone: 10 },
    // From about here on peers may suspect it: the default floor of suspicion.
    loop: { watch: true, limit: 90, zone: 30 },
  },
};

/** Between two looks at a node. */
export const lookEveryMs = 500;

export interface MeasuredVitals {
  readonly memoryUsedBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly diskBytes: number | null;
}

export function readingsOf(
  vitals: MeasuredVitals | null,
  reserveBytes: number,
  sync: number | null,
  loop: number | null,
): Readings {
  const { memoryUsedBytes: used, memoryLimitBytes: most, diskFreeBytes: free, diskBytes } = vitals ?? unknown;
  // The reserve of a disk that is hardly larger would leave nothing to measure by.
  const room = diskBytes === null ? 0 : diskBytes - reserveBytes;
  return {
    memory: used === null || most === null || most <= 0 ? null : used / most,
    disk: free === null || room <= 0 ? null : Math.max(0, 1 - Math.max(0, free - reserveBytes) / room),
    sync,
    loop,
  };
}

const unknown: MeasuredVitals = {
  memoryUsedBytes: null,
  memoryLimitBytes: null,
  diskFreeBytes: null,
  diskBytes: null,
};
