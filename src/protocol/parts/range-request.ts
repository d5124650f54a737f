import { emptyBytes } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import type { RangeRequest, SortTarget } from '../../ports/command.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import { spaceCode } from './key-value.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

export const orders: readonly RangeRequest['order'][] = ['none', 'ascend', 'descend'];
export const targets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];

export function writeRange(writer: WireWriter, field: number, range: RangeRequest): void {
  const mark = writer.begin(field, range.key.length + range.rangeEnd.length + 4);
  writer.bytes(1, range.key);
  writer.bytes(2, range.rangeEnd);
  writer.uint(3, range.limit);
  writer.uint(4, range.revision);
  writer.uint(5, orders.indexOf(range.order));
  writer.uint(6, targets.indexOf(range.target));
  writer.bool(7, range.keysOnly);
  writer.bool(8, range.countOnly);
  writer.uint(9, range.minModRevision);
  writer.uint(10, range.maxModRevision);
  writer.uint(11, range.minCreateRevision);
  writer.uint(12, range.maxCreateRevision);
  writer.uint(13, spaceCode(range.space));
  writer.end(mark);
}

export function readRange(reader: WireReader): RangeRequest {
  let space: Space = 'user';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let limit = 0;
  let at = 0;
  let order: RangeRequest['order'] = 'none';
  let target: SortTarget = 'key';
  let keysOnly = false;
  let countOnly = false;
  let minMod = 0;
  let maxMod = 0;
  let minCreate = 0;
  let maxCreate = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        rangeEnd = reader.bytes();
        break;
      case 3:
        limit = reader.uint();
        break;
      case 4:
        at = reader.uint();
        break;
      case 5:
        order = reader.oneOf(orders);
        break;
      case 6:
        target = reader.oneOf(targets);
        break;
      case 7:
        keysOnly = reader.bool();
        break;
      case 8:
        countOnly = reader.bool();
        break;
      case 9:
        minMod = reader.uint();
        break;
      case 10:
        maxMod = reader.uint();
        break;
      case 11:
        minCreate = reader.uint();
        break;
      case 12:
        maxCreate = reader.uint();
        break;
      case 13:
        space = reader.oneOf(spaces);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    kind: 'range',
    space,
    key,
    rangeEnd,
    limit,
    revision: revision(at),
    order,
    target,
    keysOnly,
    countOnly,
    minModRevision: revision(minMod),
    maxModRevision: revision(maxMod),
    minCreateRevision: revision(minCreate),
    maxCreateRevision: revision(maxCreate),
  };
}
