import { bytesOf } from '../../foundation/bytes.ts';
import type { AskedMember, ForcedReport, Fork, LastWord } from '../../ports/lineage.ts';
import type { KeyRange } from '../../ports/replication.ts';
import { figure } from '../terminal/figure.ts';
import { printable } from '../terminal/json.ts';
import type { Output } from '../terminal/output.ts';

/** What a forced promotion could not, or could not yet, vouch for. */
export function showReport(out: Output, report: ForcedReport): void {
  const { fork, ranges, notHeld, leases, firstRevisions, asked, lastWord } = report;
  const { style } = out;
  out.say(
    `${style.bold(fork.promoted)} goes on from cluster ${fork.from.clusterId}, epoch ${fork.from.epoch}, as ${style.bold(fork.to.clusterId)}, epoch ${fork.to.epoch}`,
  );
  out.table(
    ['range', 'keys', 'held through', 'leader known through', 'perhaps missing'],
    ranges.map(({ range, keys, heldThrough, leaderThrough }) => [
      rangeText(range),
      keys,
      heldThrough,
      leaderThrough,
      leaderThrough - heldThrough,
    ]),
  );
  for (const { space, allBut } of notHeld)
    out.say(
      allBut.length === 0
        ? `${style.red('not held')}: anything of ${space}`
        : `${style.red('not held')}: of ${space} all but ${allBut.map(rangeText).join(', ')}`,
    );
  out.say(lastWordText(fork, lastWord));
  out.say(
    `what the leader gave after the last word of it is not known here; ${leases} leases have their whole time again; all sessions end as indeterminate`,
  );
  out.say(`new revisions of user begin at ${firstRevisions.user}; all before are compacted`);
  for (const member of asked)
    if (member.answer === 'alive') out.say(style.yellow(aliveText(member, fork.revisions.user)));
}

function aliveText({ id, tier, revision }: AskedMember, held: number): string {
  const more = (revision ?? 0) - held;
  const text = `${id} (${tier}) answers, at revision ${revision}`;
  if (more <= 0) return `${text}: what it has beyond goes into its fork file`;
  const whole = tier === 'hot' ? `; a new cluster from a backup of ${id} begins with them` : '';
  return `${text}, ${more} more than are held here: they go into its fork file${whole}`;
}

/** What "perhaps missing" is worth: nothing after that is in it. */
function lastWordText({ timeMs, promoted }: Fork, said: LastWord | undefined): string {
  const last = `last word of the leader: cluster time ${new Date(timeMs).toISOString()}`;
  if (said === undefined) return last;
  const seconds = (ms: number): string => `${figure(Math.round(ms / 10) / 100)} s`;
  return `${last}, ${seconds(said.agoMs)} ago by the clock of ${promoted}'s machine; ${seconds(said.heardAgoMs)} ago a hot node had nothing newer`;
}

export function rangeText({ space, key, rangeEnd }: KeyRange): string {
  const from = printable(bytesOf(key));
  if (rangeEnd === '') return `${space} ${from}`;
  if (rangeEnd === '\0') return key === '' || key === '\0' ? `${space} all` : `${space} ${from} …`;
  return `${space} ${from} … ${printable(bytesOf(rangeEnd))}`;
}

/** For scripts: as it is, with keys that can be read. */
export function reportJson({ fork, ranges, notHeld, lastWord, ...rest }: ForcedReport): object {
  return {
    forced: true,
    member: fork.promoted,
    from: fork.from,
    to: fork.to,
    revisions: fork.revisions,
    lastWord: { timeMs: fork.timeMs, ...lastWord },
    ranges: ranges.map(({ range, ...numbers }) => ({ ...rangeJson(range), ...numbers })),
    notHeld: notHeld.map(({ space, allBut }) => ({ space, allBut: allBut.map(rangeJson) })),
    ...rest,
  };
}

function rangeJson({ space, key, rangeEnd }: KeyRange): object {
  return { space, key: printable(bytesOf(key)), rangeEnd: printable(bytesOf(rangeEnd)) };
}
