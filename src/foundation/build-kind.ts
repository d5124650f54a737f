/** `test` in a checkout; packing a release turns it into `release`, where no mutant can be turned on. */
export const buildKind: 'test' | 'release' = 'test';
