import { TanistError } from '../foundation/errors.ts';

export function stops(): TanistError {
  return new TanistError('stopping', 'this replica stops; ask another');
}
