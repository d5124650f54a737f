import { grouped } from '../../foundation/grouped.ts';

/** Thousands apart, at most two decimals below a hundred. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const decimals = Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  const [whole = '', part] = value.toFixed(decimals).split('.');
  return part === undefined ? grouped(whole) : `${grouped(whole)}.${part}`;
}
