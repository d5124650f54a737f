import { createReadStream } from 'node:fs';
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { byteString, byteStringOfText, bytesOf } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import { type ForkEntry, lacksChanges } from '../../replication/fork/fork-entry.ts';
import { readFork } from '../../replication/fork/fork-file.ts';
import { type ClientOptions, withCluster } from '../command.ts';
import { printable } from '../terminal/json.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { unreadable } from '../terminal/unreadable.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { AbsentKeys, type ReadKeys } from './absent-keys.ts';
import { reportJson, showReport } from './report-text.ts';

export interface ForkShowOptions extends ClientOptions {
  readonly space?: string;
  readonly prefix?: string;
  readonly absent?: boolean;
}

/** Goes through the file once, so a large one needs no memory; it is whole and unaltered only if this ends without an error. */
export async function showFork(file: string, options: ForkShowOptions): Promise<void> {
  let absent: AbsentKeys | null = null;
  const out = outputTo(options.json === true);
  const space = spaceOf(options.space);
  const prefix = byteStringOfText(options.prefix ?? '');
  let shown = 0;
  await access(file, constants.R_OK).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  for await (const part of readFork(createReadStream(file, { highWaterMark: 1024 * 1024 }))) {
    if (part.kind === 'head') {
      const { fork, member, tier, revisions, completeFrom, damage } = part.head;
      if (options.absent === true) absent = new AbsentKeys(part.head);
      out.document({
        head: {
          ...{ member, tier, revisions, completeFrom, from: fork.from, to: fork.to, at: fork.revisions },
          ...(damage === undefined ? {} : { damage }),
        },
      });
      if (damage !== undefined)
        out.say(
          out.style.red(
            `what ${member} had beyond is not known: ${damage}. Its log and state are kept as evidence in its data folder`,
          ),
        );
      out.say(
        `${out.style.bold(member)} (${tier}) left cluster ${fork.from.clusterId} at user revision ${fork.revisions.user}, where ${fork.promoted} went on as ${fork.to.clusterId}, epoch ${fork.to.epoch}; it had come to ${revisions.user}`,
      );
      if (lacksChanges(part.head, 'user'))
        out.say(
          out.style.yellow(
            `complete from user revision ${completeFrom.user} on: of changes before, ${member} kept the latest value of a key and no deletions (--absent compares with the cluster)`,
          ),
        );
    } else if (part.kind === 'entries') {
      for (const entry of part.entries) {
        absent?.entry(entry);
        if (entry.why === 'unchanged') continue;
        if ((space !== null && entry.space !== space) || !entry.key.startsWith(prefix)) continue;
        shown++;
        showEntry(out, entry);
      }
    } else {
      out.document({ summary: { ...part.summary, shown } });
      const { beyond, uncommitted, notHeld } = part.summary;
      out.say(
        `${beyond} changes beyond the fork (${uncommitted} perhaps never committed), ${notHeld} values that were not held; ${shown} shown`,
      );
    }
  }
  if (absent !== null) await showAbsent(absent, options);
}

/** Against the cluster as it is now: what it has changed since the fork is not listed. */
async function showAbsent(absent: AbsentKeys, options: ForkShowOptions): Promise<void> {
  const wanted = spaceOf(options.space);
  const prefix = byteStringOfText(options.prefix ?? '');
  await withCluster(options, async ({ client, out, call }) => {
    let found = 0;
    for (const space of AbsentKeys.spaces) {
      if (wanted !== null && space !== wanted) continue;
      const view = client.inSpace(space);
      const read: ReadKeys = (_, from, limit) =>
        view.get(from, { rangeEnd: Buffer.from([0]), limit, keysOnly: true, ...call });
      for await (const { key, modRevision } of absent.of(space, read)) {
        if (!byteString(key).startsWith(prefix)) continue;
        found++;
        out.document({ why: 'absent-there', space, key: printable(key), modRevision });
        out.say(`${'absent'.padEnd(10)} ${modRevision}  ${space}  ${printable(key)}`);
      }
    }
    out.say(`${found} keys of the cluster, as of the fork, are absent there: deleted beyond the fork`);
  });
}

function showEntry(out: Output, entry: ForkEntry): void {
  const key = printable(bytesOf(entry.key));
  const value = printable(bytesOf(entry.value));
  const { why, committed, space, op, revision, version, createRevision, lease } = entry;
  out.document({ why, committed, space, op, key, value, revision, version, createRevision, lease });
  const mark = why === 'not-held' ? 'not held' : committed ? 'beyond' : 'in the log';
  out.say(
    `${mark.padEnd(10)} ${revision}  ${space}  ${op === 'delete' ? `delete ${key}` : `${key} = ${value}`}`,
  );
}

function spaceOf(name: string | undefined): Space | null {
  if (name === undefined) return null;
  const space = spaces.find((one) => one === name);
  if (space === undefined)
    throw new UsageError(`--space: must be one of ${spaces.join(', ')}, not "${name}"`);
  return space;
}

export async function showReports(folder: string, options: { readonly json?: boolean }): Promise<void> {
  const out = outputTo(options.json === true);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const reports = names.filter((name) => /^forced-\d+\.json$/.test(name)).sort();
  if (reports.length === 0)
    throw new TanistError(
      'data-unreadable',
      `${folder} has no report: no replica was promoted by force with it`,
    );
  for (const name of reports) {
    const report = parsed(name, await readFile(join(folder, name), 'utf8'));
    out.document(reportJson(report));
    showReport(out, report);
  }
}

function parsed(name: string, text: string): ForcedReport {
  try {
    return JSON.parse(text) as ForcedReport;
  } catch (cause) {
    throw new TanistError('data-damaged', `${name} is no report of a forced promotion; use another copy`, {
      cause,
    });
  }
}
