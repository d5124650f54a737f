import { callKind, eventKind } from '../../../src/prediction/worker/messages.ts';

export type Fault =
  | 'typed'
  | 'untyped'
  | 'crash'
  | 'exit'
  | 'garbage'
  | 'unasked'
  | 'memory'
  | 'silence'
  | 'spin';

export const double = callKind<{ readonly values: Float64Array }, { readonly values: Float64Array }>(
  'test/double',
);
export const say = callKind<string, null>('test/say');
export const said = eventKind<string>('test/said');
export const fail = callKind<Fault, null>('test/fail');
export const unknown = callKind<null, null>('test/unknown');

/** Works in native code until the first word is 1, then puts 1 into the second. */
export const native = callKind<Int32Array, null>('test/native');
