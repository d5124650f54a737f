/** What a contributor sends: how the weights of a version moved in its training, and nothing of what moved them. */
export interface ModelContribution {
  readonly model: string;
  /** sha256 of the version, hexadecimal. */
  readonly base: string;
  readonly delta: Float32Array;
  readonly samples: number;
  readonly clip: number;
  readonly noise: number;
  readonly contributor: string;
  readonly reported: { readonly before: number; readonly after: number } | null;
}

/** Updates that the round has, and how many it waits for. */
export interface ContributionTaken {
  readonly waiting: number;
  readonly wanted: number;
}
