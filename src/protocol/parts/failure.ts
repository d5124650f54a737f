import { type ErrorCode, isErrorCode, TanistError } from '../../foundation/errors.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** An error as the wire carries it; `retryable` follows from the code where both sides know it. */
export function writeFailure(writer: WireWriter, field: number, error: TanistError): void {
  const mark = writer.begin(field, error.message.length + 32);
  writer.text(1, error.code);
  writer.text(2, error.message);
  writer.bool(3, error.retryable);
  writer.bool(4, error.indeterminate);
  writer.end(mark);
}

/** A code that this version does not know becomes the known one with the same meaning for a caller. */
export function readFailure(reader: WireReader): TanistError {
  let code = '';
  let message = '';
  let retryable = false;
  let indeterminate = false;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        code = reader.text();
        break;
      case 2:
        message = reader.text();
        break;
      case 3:
        retryable = reader.bool();
        break;
      case 4:
        indeterminate = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (isErrorCode(code)) return new TanistError(code, message, { indeterminate });
  const known: ErrorCode = indeterminate ? 'indeterminate' : retryable ? 'unavailable' : 'invalid-argument';
  return new TanistError(known, `${message} (${code})`);
}
