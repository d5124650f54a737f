import type { ScoreTerm } from '../../../protocol/status/score-term.ts';
import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { figure } from '../../terminal/figure.ts';
import type { Output } from '../../terminal/output.ts';
import { handOversOf, sayHandOvers } from './hand-overs.ts';

export const successionCommand: Register = (program) => {
  withClient(
    program
      .command('succession')
      .summary('who follows the leader in line, and why')
      .description(
        'The replicas in the order in which they would take over, each with the terms of its score; then those who would not, and why; and when the leader made way before its end, why, and whether it had to.',
      ),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { clusterStatus } = await import('../../client.ts');
      const { notInLine } = await import('./not-in-line.ts');
      const status = await clusterStatus(client, endpoints, call);
      const { leader, term, commit, clusterTimeMs, succession, members } = status;
      // Without a leader nobody knows of the tiers; the succession is worth showing without.
      const others = notInLine(status, leader === null ? null : await client.tiers(call).catch(() => null));
      // A replica beyond the quorum may not answer; the succession is worth showing without.
      const handOvers = await handOversOf(client, call).catch(() => []);
      const heirs = succession.flatMap((id, rank) => {
        const member = members.find((candidate) => candidate.member.id === id);
        return member === undefined ? [] : [{ rank: rank + 1, member }];
      });
      out.document({
        leader,
        term,
        commit,
        members: heirs.map(({ rank, member }) => ({
          rank,
          id: member.member.id,
          tier: member.member.tier,
          role: member.role,
          applied: member.applied,
          lagRevisions: member.lagRevisions,
          lagMs: member.lagMs,
          score: member.score,
          health: member.health,
          terms: member.scoreTerms,
          replica: member.replica,
        })),
        notInLine: others,
        handOvers,
      });
      out.say(`leader ${out.style.bold(leader ?? 'none')}, term ${term}`);
      for (const { rank, member } of heirs) {
        out.say(
          `\n${rank}. ${out.style.bold(member.member.id)}  score ${figure(member.score)}  ${member.health}`,
        );
        sayTerms(out, member.scoreTerms);
      }
      for (const { id, why, score, terms } of others) {
        out.say(`\n-  ${out.style.bold(id)}  score ${figure(score)}  ${why}`);
        sayTerms(out, terms);
      }
      sayHandOvers(out, handOvers, clusterTimeMs);
    }),
  );
};

function sayTerms(out: Output, terms: readonly ScoreTerm[]): void {
  if (terms.length === 0) return;
  out.table(
    ['   term', 'value', 'weight', 'adds', 'why'],
    terms.map(({ name, value, weight, explanation }) => [
      `   ${name}`,
      value,
      weight,
      value * weight,
      explanation,
    ]),
  );
}
