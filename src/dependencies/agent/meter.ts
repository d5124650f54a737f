/** What an agent has done since it started. Bytes are those of objects, as they travel. */
export interface AgentCounts {
  /** Asked for by the sandbox. */
  requests: number;
  localHits: number;
  localBytes: number;
  peerHits: number;
  peerBytes: number;
  upstreamHits: number;
  upstreamBytes: number;
  /** Given to other agents. */
  givenBytes: number;
  /** Answers upstream that brought no bytes: 304. */
  revalidations: number;
  /** Said that there is none, without asking upstream once more. */
  missingHits: number;
  mismatches: number;
  peerFailures: number;
  failures: number;
  /** Downloaded ahead: in all, of it asked for later, and of it gone without having been asked for. */
  aheadObjects: number;
  aheadBytes: number;
  aheadUsedObjects: number;
  aheadUsedBytes: number;
  aheadWastedBytes: number;
  /** Objects that could not be kept: no room, or too large. */
  notStored: number;
}

export function newCounts(): AgentCounts {
  return {
    requests: 0,
    localHits: 0,
    localBytes: 0,
    peerHits: 0,
    peerBytes: 0,
    upstreamHits: 0,
    upstreamBytes: 0,
    givenBytes: 0,
    revalidations: 0,
    missingHits: 0,
    mismatches: 0,
    peerFailures: 0,
    failures: 0,
    aheadObjects: 0,
    aheadBytes: 0,
    aheadUsedObjects: 0,
    aheadUsedBytes: 0,
    aheadWastedBytes: 0,
    notStored: 0,
  };
}
