import * as v from 'valibot';

/** Values that the config of a source is made of. What is wrong with one is said in one line, without its path. */

export const text = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));

export function whole(preset: number, least: number, most: number) {
  return v.optional(numberWithin(least, most, true), preset);
}

export function decimal(preset: number, least: number, most: number) {
  return v.optional(numberWithin(least, most, false), preset);
}

function numberWithin(least: number, most: number, isWhole: boolean) {
  const wrong = `must be a ${isWhole ? 'whole number' : 'number'} from ${least} to ${most}`;
  return v.pipe(
    v.number(wrong),
    v.check((value) => value >= least && value <= most && (!isWhole || Number.isInteger(value)), wrong),
    v.readonly(),
  );
}

/** `{key}` may stand behind the host only: a resource's key must not choose whom its request goes to. */
export const urlTemplate = v.pipe(
  text,
  v.regex(/^https?:\/\//, 'must begin with http:// or https://'),
  v.check((url) => !/^https?:\/\/[^/?#]*\{/.test(url), 'must not have {key} in its host'),
  v.check((url) => URL.canParse(url), 'must be a URL'),
  v.check(
    (url) => !/^https?:\/\/[^/?#]*@/.test(url),
    'must not have a user or a password: give them in a header, by { env: … } or { file: … }',
  ),
);

export const headerName = v.pipe(
  v.string(),
  v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header'),
);
export const metadataName = v.pipe(
  v.string(),
  v.regex(/^[0-9A-Za-z_.-]+(?<!-bin)$/i, 'must be the name of metadata in text'),
);

export const pointer = v.pipe(
  v.string(),
  v.regex(/^(\/([^~/]|~[01])+)+$/, 'must be a JSON pointer, /field or /field/field'),
);

/** Text as it is, or where the refresher finds it: never the secret itself in the log. */
export const secretText = v.union(
  [
    text,
    v.strictObject({ env: text, prefix: v.optional(v.string(), '') }),
    v.strictObject({ file: text, prefix: v.optional(v.string(), '') }),
  ],
  'must be text, { env: NAME } or { file: PATH }, the latter two with an optional prefix',
);

export type SecretText = v.InferOutput<typeof secretText>;
