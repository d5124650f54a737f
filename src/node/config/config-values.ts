import * as v from 'valibot';

/** Values that sections of the config are made of. What is wrong with one is said in one line, without its path. */

export function yesOrNo(preset: boolean) {
  return v.optional(v.boolean('must be true or false'), preset);
}

export function wholeNumber(least: number, most: number) {
  return numberFrom(least, most, true);
}

export function wholeNumberOr(preset: number, least: number, most: number) {
  return v.optional(wholeNumber(least, most), preset);
}

export function numberOr(preset: number, least: number, most: number) {
  return v.optional(numberFrom(least, most, false), preset);
}

function numberFrom(least: number, most: number, isWhole: boolean) {
  const text = `must be a ${isWhole ? 'whole number' : 'number'} from ${least} to ${most}`;
  return v.pipe(
    v.number(text),
    v.check((value) => value >= least && value <= most && (!isWhole || Number.isInteger(value)), text),
    v.readonly(),
  );
}
