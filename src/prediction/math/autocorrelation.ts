import { at } from './at.ts';
import { mean } from './statistics.ts';

/** Autocorrelation for the lags 0…most (biased estimator, so that it is positive semi-definite), by the fast Fourier transform. */
export function autocorrelation(values: Float64Array, most: number): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(values.length + most + 1));
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  const centre = mean(values);
  for (let i = 0; i < values.length; i++) real[i] = at(values, i) - centre;
  transform(real, imaginary);
  for (let i = 0; i < size; i++) {
    real[i] = at(real, i) ** 2 + at(imaginary, i) ** 2;
    imaginary[i] = 0;
  }
  // The spectrum of a power is real and even: the forward transform serves as the inverse.
  transform(real, imaginary);
  const total = at(real, 0);
  const result = new Float64Array(most + 1);
  if (!(total > 0)) return result;
  for (let lag = 0; lag <= most; lag++) result[lag] = at(real, lag) / total;
  return result;
}

/** Cooley & Tukey (1965), radix 2, in place. The length is a power of two. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const r = at(real, i);
      real[i] = at(real, j);
      real[j] = r;
      const m = at(imaginary, i);
      imaginary[i] = at(imaginary, j);
      imaginary[j] = m;
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    const half = length >> 1;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos(angle * k);
      const sin = Math.sin(angle * k);
      for (let i = k; i < size; i += length) {
        const r = at(real, i + half) * cos - at(imaginary, i + half) * sin;
        const m = at(real, i + half) * sin + at(imaginary, i + half) * cos;
        real[i + half] = at(real, i) - r;
        imaginary[i + half] = at(imaginary, i) - m;
        real[i] = at(real, i) + r;
        imaginary[i] = at(imaginary, i) + m;
      }
    }
  }
}
