import { createInterface } from 'node:readline/promises';
import { openChannel } from '../../client/grpc/channel.ts';
import { unary } from '../../client/grpc/unary.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import {
  decodeForcedReport,
  decodeLineage,
  encodeForcePromote,
  type MemberLineage,
} from '../../protocol/promotion.ts';
import { promotionService, type RawMethod } from '../../protocol/services.ts';
import { outputTo } from '../terminal/output.ts';
import { reportJson, showReport } from './report-text.ts';

interface ForceOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly timeout?: number;
}

const askDeadlineMs = 2000;
/** Making the state of a large replica anew takes its time. */
const forceDeadlineMs = 10 * 60_000;

/** Asks the replica itself, what would be left behind first. Errors: those of `forcePromotion`, `not-confirmed`. */
export async function forcePromote(
  id: string,
  endpoints: readonly string[],
  options: ForceOptions,
): Promise<void> {
  const out = outputTo(options.json === true);
  const address = await addressOf(id, endpoints);
  const force = async (confirmed: boolean): Promise<ForcedReport> =>
    decodeForcedReport(
      await call(
        address,
        promotionService.forcePromote,
        encodeForcePromote(confirmed),
        options.timeout ?? forceDeadlineMs,
      ),
    );
  if (options.yes !== true) {
    const report = await force(false);
    if (!out.json) showReport(out, report);
    await confirm(id);
  }
  const report = await force(true);
  out.document(reportJson(report));
  if (options.yes === true) showReport(out, report);
  out.say(`saved in the data folder of ${id} as forced-${report.fork.to.epoch}.json (tanist fork report)`);
}

async function confirm(id: string): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw new TanistError('not-confirmed', 'a forced promotion must be confirmed: repeat it with --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `What is not held here is lost to the cluster. Type "${id}" to go on: `,
    );
    if (answer.trim() !== id) throw new TanistError('not-confirmed', 'nothing was changed');
  } finally {
    terminal.close();
  }
}

/** The endpoints say where the replica is, or are it. */
async function addressOf(id: string, endpoints: readonly string[]): Promise<string> {
  const known = new Set<string>();
  let failure: unknown = null;
  for (const endpoint of endpoints) {
    let said: MemberLineage;
    try {
      said = decodeLineage(await call(endpoint, promotionService.lineage, Buffer.alloc(0), askDeadlineMs));
    } catch (error) {
      failure = error;
      continue;
    }
    if (said.id === id) return endpoint;
    for (const member of said.members) {
      if (member.id === id && member.client !== '') return member.client;
      known.add(member.id);
    }
  }
  if (known.size === 0) throw failure;
  throw new TanistError(
    'unknown-member',
    `${id} is no member of this cluster; there are ${[...known].join(', ')}`,
  );
}

async function call(
  address: string,
  method: RawMethod,
  request: Buffer,
  deadlineMs: number,
): Promise<Buffer> {
  const channel = openChannel(address);
  try {
    return await unary(channel, address, method, request, { deadlineMs });
  } finally {
    channel.close();
  }
}
