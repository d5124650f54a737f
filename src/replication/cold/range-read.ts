import { limits } from '../../foundation/limits.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { Database } from '../../ports/database.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { failed } from '../../state/failed.ts';
import { KeptValues } from '../../state/mvcc/kept-values.ts';
import { fetchLimit, finishRange, upperBound } from '../../state/mvcc/range.ts';
import { isWholeSpace } from '../whole-space.ts';
import type { HeldSpace } from './keys.ts';
import type { SnapshotRecord } from './snapshot-record.ts';
import { visibleRow, visibleRows } from './visible-rows.ts';

/**
 * The answer that a hot replica gave at the snapshot's revision, worked out over LevelDB. Memory holds a page and what the answer may hold; beyond
 * `limits.rangeBytes` it fails as `range-too-large`. `count` is exact, so a bounded range is read to its end even where `limit` is small.
 */
export async function readRange(
  database: Database,
  snapshot: SnapshotRecord,
  space: HeldSpace,
  request: RangeRequest,
): Promise<RangeResult | FailedResult> {
  const revision = snapshot.revisions[space];
  const view = { space, generation: snapshot.generations[space], number: snapshot.number };
  if (request.rangeEnd === '') {
    const single = await visibleRow(database, view, request.key);
    const values = single === null || request.countOnly ? [] : [single];
    return finishRange(request, values, single === null ? 0 : 1, revision);
  }
  const total = isWholeSpace({ ...request, space }) ? snapshot.contents[space].keys : null;
  const kept = new KeptValues(request);
  const fetch = fetchLimit(request);
  let count = 0;
  if (request.countOnly && total !== null) return finishRange(request, [], total, revision);
  for await (const page of visibleRows(database, view, request.key, upperBound(request.rangeEnd))) {
    const left = fetch === 0 ? page.length : Math.max(0, fetch - count);
    count += page.length;
    if (!request.countOnly) {
      // Without an order only what the limit lets through is sorted and kept.
      if (page.length > left) page.length = left;
      kept.add(page);
      if (kept.holdsMoreThan(limits.rangeBytes))
        return failed(
          'range-too-large',
          `the range holds more than the ${limits.rangeBytes} bytes that fit into an answer: read it in pieces, with a limit`,
        );
    }
    if (total !== null && fetch !== 0 && count >= fetch) break;
  }
  const { values, more } = kept.taken();
  return { kind: 'range', revision, values, count: total ?? count, more };
}
