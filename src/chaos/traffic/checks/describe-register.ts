import type { Operation } from '../../../verification/history.ts';
import type { RegisterInput, RegisterOutput } from '../../../verification/register/register.ts';

/** An operation as it stands in a picture: `put 7 @12`, `cas 3 → 4: refused`, `get: ?`. */
export function describeRegister({ input, output }: Operation<RegisterInput, RegisterOutput>): string {
  const asked = askedIn(input);
  if (output === undefined) return `${asked}: ?`;
  switch (output.kind) {
    case 'got':
      return `${asked}: ${output.value === null ? 'absent' : `${short(output.value)} @${output.revision}`}`;
    case 'put':
      return `${asked} @${output.revision}`;
    case 'deleted':
      return `${asked}: ${output.found ? 'done' : 'absent'}`;
    case 'swapped':
      return `${asked}: ${output.succeeded ? `done @${output.revision}` : 'refused'}`;
  }
}

function askedIn(input: RegisterInput): string {
  switch (input.kind) {
    case 'put':
      return `put ${short(input.value)}`;
    case 'cas':
      return `cas ${input.expected === null ? 'absent' : short(input.expected)} → ${short(input.value)}`;
    case 'casRevision':
      return `cas @${input.expected} → ${short(input.value)}`;
    default:
      return input.kind;
  }
}

/** What the values of one window have in common is left out. */
function short(value: string): string {
  return value.slice(value.lastIndexOf('/') + 1);
}
