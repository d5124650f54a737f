import { createInterface } from 'node:readline/promises';
import { TanistError } from '../../foundation/errors.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import { outputTo } from '../terminal/output.ts';
import { askForce, askLineage } from './member-calls.ts';
import { reportJson, showReport } from './report-text.ts';

interface ForceOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly timeout?: number;
}

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
  const force = (confirmed: boolean): Promise<ForcedReport> =>
    askForce(address, confirmed, options.timeout ?? forceDeadlineMs);
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
      said = await askLineage(endpoint);
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
