/** How fast a node makes up its mind about others. All durations in ms. */
export interface SuspicionOptions {
  /** What a leader sends at least this often. */
  readonly heartbeatMs: number;
  /** Silence shorter than this is never suspicious. */
  readonly floorMs: number;
  /** Silence longer than this always is. */
  readonly ceilingMs: number;
  /** −log10 of the probability, by the measured arrivals, that a living peer is silent for so long. */
  readonly phi: number;
  /** Arrivals remembered. */
  readonly window: number;
  /** With fewer of them too little is known, and patience is at its ceiling. */
  readonly leastSamples: number;
  /** After a stall of this node's own event loop: how long it reads its sockets before it judges others. */
  readonly stallGraceMs: number;
  /** How long a probe may take. */
  readonly probeMs: number;
  /** Messages that arrive up to so long after a refusal may have been under way when the peer died. */
  readonly drainMs: number;
}

export const defaultSuspicion: SuspicionOptions = {
  heartbeatMs: 20,
  floorMs: 80,
  ceilingMs: 1000,
  phi: 8,
  window: 128,
  leastSamples: 32,
  stallGraceMs: 25,
  probeMs: 20,
  drainMs: 40,
};

/** What counts how much in the score of a replica; only ratios matter. */
export interface ScoreWeights {
  readonly heartbeat: number;
  readonly integrity: number;
  readonly log: number;
  readonly latency: number;
  readonly health: number;
  /** How far the replica's predictions are from what happened; counts once they are measured. */
  readonly divergence: number;
}

export interface ScoreOptions {
  readonly weights: ScoreWeights;
  /** A replica overtakes another in the succession only if its score is higher by more than this. */
  readonly hysteresis: number;
  /** Where a term has fallen to one half. */
  readonly half: {
    /** Log entries behind the leader's last. */
    readonly lagEntries: number;
    /** Of a replica beyond the quorum: how old what it holds is. */
    readonly lagMs: number;
    readonly roundTripMs: number;
    readonly loopLagMs: number;
    readonly syncMs: number;
  };
  /** Above this part of its memory limit, and below this part of free disk, a replica's health declines to 0. */
  readonly memoryUsed: number;
  readonly diskFree: number;
}

export const defaultScore: ScoreOptions = {
  weights: { heartbeat: 3, integrity: 3, log: 2, latency: 1, health: 2, divergence: 2 },
  hysteresis: 0.05,
  half: { lagEntries: 64, lagMs: 200, roundTripMs: 20, loopLagMs: 50, syncMs: 50 },
  memoryUsed: 0.8,
  diskFree: 0.1,
};
