import type { TanistError } from '../../foundation/errors.ts';

/**
 * What to do with something refused. `elsewhere`: this member can't, another one may. `later`: this member will, after a pause.
 * `fail`: no member ever will, but for `not-held`, which a read takes to the others first (`ReadFlow`). An indeterminate refusal goes elsewhere: within a session a second copy is never applied twice.
 */
export type Verdict = 'elsewhere' | 'later' | 'fail';

export function verdictOn(refused: TanistError): Verdict {
  if (refused.indeterminate) return 'elsewhere';
  switch (refused.code) {
    case 'not-leader':
    case 'no-leader':
    case 'starting':
    case 'stopping':
    case 'under-doubt':
    case 'superseded':
    case 'unavailable':
      return 'elsewhere';
    case 'overloaded':
    case 'disk-full':
    case 'too-many-sessions':
    case 'too-many-watchers':
    case 'too-many-predictions':
      return 'later';
    default:
      return 'fail';
  }
}
