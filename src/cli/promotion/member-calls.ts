import { openChannel } from '../../client/grpc/channel.ts';
import { unary } from '../../client/grpc/unary.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import {
  decodeForcedReport,
  decodeLineage,
  encodeForcePromote,
  type MemberLineage,
} from '../../protocol/operations/promotion.ts';
import { promotionService, type RawMethod } from '../../protocol/services.ts';

const askDeadlineMs = 2000;

/** Who the member behind a client address is, hot or not. */
export async function askLineage(address: string): Promise<MemberLineage> {
  return decodeLineage(await call(address, promotionService.lineage, Buffer.alloc(0), askDeadlineMs));
}

/** At a warm or cold replica: what a forced promotion would leave behind, or `confirmed` the promotion itself. */
export async function askForce(
  address: string,
  confirmed: boolean,
  deadlineMs: number,
): Promise<ForcedReport> {
  const request = encodeForcePromote(confirmed);
  return decodeForcedReport(
    await call(address, promotionService.forcePromote, request, deadlineMs, confirmed),
  );
}

async function call(
  address: string,
  method: RawMethod,
  request: Buffer,
  deadlineMs: number,
  changes = false,
): Promise<Buffer> {
  const channel = openChannel(address);
  try {
    return await unary(channel, address, method, request, { deadlineMs, changes });
  } finally {
    channel.close();
  }
}
