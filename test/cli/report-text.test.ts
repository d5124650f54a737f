import test from 'ava';
import { reportJson, showReport } from '../../src/cli/promotion/report-text.ts';
import type { Output } from '../../src/cli/terminal/output.ts';
import { progressOn } from '../../src/cli/terminal/progress.ts';
import { styleFor } from '../../src/cli/terminal/style.ts';
import { byteStringOfText } from '../../src/foundation/bytes.ts';
import { nodeId, revision } from '../../src/foundation/ids.ts';
import type { ForcedReport } from '../../src/ports/lineage.ts';
import type { KeyRange } from '../../src/ports/replication.ts';

const at = (user: number): ForcedReport['leaderRevisions'] => ({
  user: revision(user),
  planes: revision(1),
  system: revision(1),
  predicted: revision(1),
});
const range: KeyRange = { space: 'user', key: byteStringOfText('a/'), rangeEnd: byteStringOfText('a0') };

function reportOf(own: Partial<ForcedReport> = {}): ForcedReport {
  return {
    fork: {
      from: { clusterId: 'c', epoch: 1 },
      to: { clusterId: 'c+1', epoch: 2 },
      revisions: at(7),
      ranges: [range],
      promoted: nodeId('w1'),
      timeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
    leaderRevisions: at(7),
    ranges: [{ range, heldThrough: 7, leaderThrough: 7, keys: 2 }],
    notHeld: [],
    leases: 0,
    firstRevisions: at(1_000_000_008),
    asked: [],
    lastWord: { agoMs: 61_234, heardAgoMs: 340 },
    ...own,
  };
}

function shown(report: ForcedReport): string {
  const lines: string[] = [];
  const out: Output = {
    json: false,
    style: styleFor({ isTTY: false }),
    progress: progressOn(process.stderr),
    say: (line) => void lines.push(line),
    table: (columns, rows) => void lines.push(...[columns, ...rows].map((row) => row.join(' '))),
    warn: () => {},
    document: () => {},
  };
  showReport(out, report);
  return lines.join('\n');
}

test('what is perhaps missing stands beside how old the last word of the leader is', (t) => {
  const report = reportOf();
  t.regex(
    shown(report),
    /last word of the leader: cluster time 2026-01-02T03:04:05\.000Z, 61\.23 s ago by the clock of w1's machine; 0\.34 s ago a hot node had nothing newer/,
  );
  t.like(reportJson(report), {
    lastWord: { timeMs: report.fork.timeMs, agoMs: 61_234, heardAgoMs: 340 },
  });
});

test('a hot node that answers beside it, and has more, is named with a way to keep that', (t) => {
  const alive = { id: nodeId('h1'), tier: 'hot', answer: 'alive', revision: 27 } as const;
  t.regex(
    shown(reportOf({ asked: [alive] })),
    /h1 \(hot\) answers, at revision 27, 20 more than are held here: .*fork file; a new cluster from a backup of h1 begins with them/,
  );
  t.regex(
    shown(reportOf({ asked: [{ ...alive, tier: 'warm' }] })),
    /h1 \(warm\) answers, at revision 27, 20 more than are held here: they go into its fork file$/m,
  );
  t.regex(shown(reportOf({ asked: [{ ...alive, revision: 7 }] })), /at revision 7: what it has beyond/);
});

test('a report that was saved without it says as of when it is', (t) => {
  const { lastWord: _, ...saved } = reportOf();
  t.regex(shown(saved), /cluster time 2026-01-02T03:04:05\.000Z$/m);
  t.like(reportJson(saved), { lastWord: { timeMs: saved.fork.timeMs } });
});
