/** What a check found wrong. `check` is a stable name; `detail` says what was seen and what should have been. */
export interface Violation {
  readonly check: string;
  readonly detail: string;
}

export type Violations = readonly Violation[];
