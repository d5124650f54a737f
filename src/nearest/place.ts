/** Where somebody is, as members say it in their labels. Absent: nobody knows. */
export interface Place {
  readonly zone?: string;
  readonly region?: string;
}

/** How far apart by what they say: 0: in one zone, 1: in one region, 2: elsewhere, or nobody knows. */
export function remoteness(own: Place, its: Place = {}): 0 | 1 | 2 {
  if (own.zone !== undefined && own.zone === its.zone) return 0;
  return own.region !== undefined && own.region === its.region ? 1 : 2;
}

export interface Distance {
  readonly remoteness: number;
  readonly roundTripMs: number;
}

/** Nearest first: own zone, own region, then the shortest round trip. */
export function compareDistance(a: Distance, b: Distance): number {
  return a.remoteness - b.remoteness || a.roundTripMs - b.roundTripMs;
}

/** Of its round trip, what another one of the same zone or region must be below to be worth a move: round trips waver. */
const worthIt = 0.5;
const leastGainMs = 1;

/** Whether it is so much nearer that one had better move to it. */
export function isClearlyNearer(it: Distance, than: Distance): boolean {
  if (it.remoteness !== than.remoteness) return it.remoteness < than.remoteness;
  return it.roundTripMs + leastGainMs < worthIt * than.roundTripMs;
}
