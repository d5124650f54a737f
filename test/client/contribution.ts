/** As small as one can be. */
export const contribution = {
  model: 'm',
  base: '00'.repeat(32),
  delta: new Float32Array(1),
  samples: 1,
  clip: 1,
  noise: 0,
  contributor: 'c',
  reported: null,
};
