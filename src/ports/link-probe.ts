/** What one bounded measurement of the way to a member said. */
export interface ProbedLink {
  readonly roundTripMs: number;
  /** Of bytes that come from there; null: none were asked for. */
  readonly bytesPerSecond: number | null;
}

/** Measures the way to a member's client port on a connection of its own, so that it never stands in the way of messages. */
export interface LinkProbe {
  /**
   * Times an empty exchange; then fetches pieces that grow, `mostBytes` together at most, until one takes long: a slow path is never filled for longer
   * than that. Errors: `unavailable`, `deadline-exceeded`.
   */
  measure(address: string, mostBytes: number): Promise<ProbedLink>;
}
