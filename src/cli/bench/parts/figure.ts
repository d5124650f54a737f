/** One measured number with what was promised of it; nothing: it is told because it explains another one. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function atMost(name: string, value: number, unit: string, bound: number): Figure {
  return { name, value, unit, atMost: bound };
}

export function explains(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}

/** What could not be measured was not met. Null: nothing was promised. */
export function isMet({ value, atLeast, atMost }: Figure): boolean | null {
  if (atLeast === undefined && atMost === undefined) return null;
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
}
