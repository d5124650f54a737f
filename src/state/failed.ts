import type { ErrorCode } from '../foundation/errors.ts';
import type { FailedResult } from '../ports/result.ts';

export function failed(code: ErrorCode, message: string): FailedResult {
  return { kind: 'failed', code, message };
}
