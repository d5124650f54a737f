import { asError } from '../../../foundation/errors.ts';
import { eventually } from '../../../local/eventually.ts';
import type { Verdict } from '../../traffic.ts';

const patienceMs = 15_000;
const everyMs = 50;

/** The verdict of an attempt, made again while members cannot be compared (null) or asked. `otherwise`: why it was never possible. */
export async function onceComparable(
  attempt: () => Promise<Verdict | null>,
  otherwise: string,
): Promise<Verdict> {
  try {
    return await eventually(attempt, otherwise, { patienceMs, everyMs });
  } catch (error) {
    const { message, cause } = asError(error);
    const detail = cause === undefined ? message : `${message}: ${asError(cause).message}`;
    return { check: 'digests', answer: 'unknown', detail, violations: [] };
  }
}
