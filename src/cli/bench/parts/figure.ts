/** One measured number with what was promised of it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** It may be so much at most; null: it is told because it explains another one. */
  readonly bound: number | null;
}

export function atMost(name: string, value: number, unit: string, bound: number): Figure {
  return { name, value, unit, bound };
}

export function explains(name: string, value: number, unit: string): Figure {
  return { name, value, unit, bound: null };
}

/** What could not be measured was not met. */
export function isMet({ value, bound }: Figure): boolean | null {
  return bound === null ? null : value <= bound;
}
