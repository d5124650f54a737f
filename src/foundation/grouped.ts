/** The digits of a whole number, thousands apart: 1234567 is 1,234,567. A sign may stand before them. */
export function grouped(whole: number | string): string {
  return String(whole).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
