import type { LostPut } from '../../../client/events.ts';
import { asBuffer } from '../../../foundation/bytes.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import { verdict } from './verdict.ts';

/** What became of puts that were acknowledged early, by their values. */
export class EarlyRecord {
  /** Neither committed nor lost so far, the oldest first, with the ms at which it was acknowledged. */
  readonly early = new Map<string, number>();
  committed = 0;
  /** Whose commit was said to fail. */
  readonly rejected = new Set<string>();
  /** That the client's list of lost puts named. */
  readonly listed = new Set<string>();

  told(lost: readonly LostPut[]): void {
    for (const { value } of lost) this.listed.add(asBuffer(value).toString());
  }
}

/** Promise 4: a put that was acknowledged early is committed later or reported as lost, never neither, and the list of the lost is exact. */
export function checkEarly(
  { early, committed, rejected, listed }: EarlyRecord,
  predictions: number,
): Verdict {
  const violations: Violation[] = [
    ...[...early.keys()].map((value) => ({
      check: 'early-neither',
      detail: `${value} was neither committed nor reported lost`,
    })),
    ...[...rejected]
      .filter((value) => !listed.has(value))
      .map((value) => ({
        check: 'early-list',
        detail: `${value} was lost, and not in the list of the lost`,
      })),
    ...[...listed]
      .filter((value) => !rejected.has(value))
      .map((value) => ({
        check: 'early-list',
        detail: `${value} was in the list of the lost, and its commit did not fail`,
      })),
  ];
  const looked = `${committed} early puts committed, ${rejected.size} reported lost; ${predictions} predictions read`;
  return verdict('early', looked, violations, { enough: committed > 0 });
}
