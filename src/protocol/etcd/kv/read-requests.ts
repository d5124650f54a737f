import { emptyBytes } from '../../../foundation/bytes.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { leaseId, noLease, revision } from '../../../foundation/ids.ts';
import type {
  CompactCommand,
  DeleteRangeCommand,
  PutCommand,
  RangeRequest,
  SortTarget,
} from '../../../ports/command.ts';
import { WireReader } from '../../parts/wire-reader.ts';

const orders: readonly RangeRequest['order'][] = ['none', 'ascend', 'descend'];
const targets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];

/** A range with a key and an order that nobody knows. */
export class InvalidSortOption extends TanistError {
  constructor() {
    super('invalid-argument', 'unknown sort order or sort target');
  }
}

export interface EtcdRange {
  readonly range: RangeRequest;
  readonly serializable: boolean;
}

/** All fail with `invalid-argument` on bytes that are no such message. */
export function decodeRangeRequest(bytes: Uint8Array): EtcdRange {
  return readRangeRequest(new WireReader(bytes), 0);
}

export function decodePutRequest(bytes: Uint8Array): PutCommand {
  return readPutRequest(new WireReader(bytes));
}

export function decodeDeleteRangeRequest(bytes: Uint8Array): DeleteRangeCommand {
  return readDeleteRangeRequest(new WireReader(bytes));
}

/** Its revision may be negative. */
export function decodeCompactionRequest(bytes: Uint8Array): {
  readonly command: CompactCommand;
  readonly physical: boolean;
} {
  const reader = new WireReader(bytes);
  let at = 0;
  let physical = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.int();
        break;
      case 2:
        physical = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { command: { kind: 'compact', space: 'user', revision: revision(at) }, physical };
}

/** The rest of the message in hand, as are those below. `forNegative`: the revision to read where a negative one is asked for. */
export function readRangeRequest(reader: WireReader, forNegative: number): EtcdRange {
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let limit = 0;
  let at = 0;
  let order: RangeRequest['order'] | undefined = 'none';
  let target: SortTarget | undefined = 'key';
  let serializable = false;
  let keysOnly = false;
  let countOnly = false;
  let minMod = 0;
  let maxMod = 0;
  let minCreate = 0;
  let maxCreate = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        rangeEnd = reader.bytes();
        break;
      case 3:
        limit = reader.int();
        break;
      case 4:
        at = reader.int();
        break;
      case 5:
        order = orders[reader.enumNumber()];
        break;
      case 6:
        target = targets[reader.enumNumber()];
        break;
      case 7:
        serializable = reader.bool();
        break;
      case 8:
        keysOnly = reader.bool();
        break;
      case 9:
        countOnly = reader.bool();
        break;
      case 10:
        minMod = reader.int();
        break;
      case 11:
        maxMod = reader.int();
        break;
      case 12:
        minCreate = reader.int();
        break;
      case 13:
        maxCreate = reader.int();
        break;
      default:
        reader.skip();
    }
  }
  if (order === undefined || target === undefined) {
    // Whoever checks the range refuses it for its key first, as etcd does.
    if (key.length > 0) throw new InvalidSortOption();
    order = 'none';
    target = 'key';
  }
  // No revision is below 0: such an upper bound lets nothing through, which an unreachable lower one says as well.
  if (maxMod < 0) {
    maxMod = 0;
    minMod = Number.MAX_SAFE_INTEGER;
  }
  if (maxCreate < 0) {
    maxCreate = 0;
    minCreate = Number.MAX_SAFE_INTEGER;
  }
  return {
    range: {
      kind: 'range',
      space: 'user',
      key,
      rangeEnd,
      limit: Math.max(0, limit),
      revision: revision(at < 0 ? forNegative : at),
      order,
      target,
      keysOnly,
      countOnly,
      // Lets everything through, but is a bound, which counts where the limit is applied.
      minModRevision: revision(minMod < 0 ? 1 : minMod),
      maxModRevision: revision(maxMod),
      minCreateRevision: revision(minCreate < 0 ? 1 : minCreate),
      maxCreateRevision: revision(maxCreate),
    },
    serializable,
  };
}

export function readPutRequest(reader: WireReader): PutCommand {
  let key = emptyBytes;
  let value = emptyBytes;
  let lease = noLease;
  let previous = false;
  let ignoreValue = false;
  let ignoreLease = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        value = reader.bytes();
        break;
      case 3:
        lease = leaseId(reader.uint64());
        break;
      case 4:
        previous = reader.bool();
        break;
      case 5:
        ignoreValue = reader.bool();
        break;
      case 6:
        ignoreLease = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { kind: 'put', space: 'user', key, value, lease, previous, ignoreValue, ignoreLease };
}

export function readDeleteRangeRequest(reader: WireReader): DeleteRangeCommand {
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let previous = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        rangeEnd = reader.bytes();
        break;
      case 3:
        previous = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { kind: 'deleteRange', space: 'user', key, rangeEnd, previous };
}
