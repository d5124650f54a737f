/** Element i; reading outside the bounds is NaN, so that a slip shows in the result instead of in a wrong number. */
export function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? Number.NaN;
}

/** Value `back` places before the end: 0 is the last. */
export function fromEnd(values: ArrayLike<number>, back: number): number {
  return values[values.length - 1 - back] ?? Number.NaN;
}
