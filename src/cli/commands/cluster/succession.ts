import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { figure } from '../../terminal/figure.ts';
import { handOversOf, sayHandOvers } from './hand-overs.ts';

export const successionCommand: Register = (program) => {
  withClient(
    program
      .command('succession')
      .summary('who follows the leader in line, and why')
      .description(
        'The replicas in the order in which they would take over, each with the terms of its score; and when the leader made way before its end, why, and whether it had to.',
      ),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { clusterStatus } = await import('../../client.ts');
      const { leader, term, commit, clusterTimeMs, succession, members } = await clusterStatus(
        client,
        endpoints,
        call,
      );
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
        handOvers,
      });
      out.say(`leader ${out.style.bold(leader ?? 'none')}, term ${term}`);
      for (const { rank, member } of heirs) {
        out.say(
          `\n${rank}. ${out.style.bold(member.member.id)}  score ${figure(member.score)}  ${member.health}`,
        );
        out.table(
          ['   term', 'value', 'weight', 'adds', 'why'],
          member.scoreTerms.map((part) => [
            `   ${part.name}`,
            part.value,
            part.weight,
            part.value * part.weight,
            part.explanation,
          ]),
        );
      }
      sayHandOvers(out, handOvers, clusterTimeMs);
    }),
  );
};
