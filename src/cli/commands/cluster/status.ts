import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const statusCommand: Register = (program) => {
  withClient(
    program
      .command('status')
      .summary('the cluster as its leader sees it; with one endpoint, as that one does'),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { memberColumns, memberJson, memberRow, modelsText } = await import('./members-view.ts');
      const { predictorText } = await import('./predictor-text.ts');
      const { clusterStatus } = await import('../../client.ts');
      const [named, ...others] = options.endpoints ?? [];
      const status =
        named === undefined || others.length > 0
          ? await clusterStatus(client, endpoints, call)
          : await client.status({ ...call, endpoint: named });
      const { clusterId, id, version, leader, term, commit, applied, succession } = status;
      out.document({
        cluster: clusterId,
        answeredBy: id,
        version,
        leader,
        term,
        commit,
        applied,
        succession,
        sessions: status.sessions,
        leases: status.leases,
        members: status.members.map(memberJson),
        spaces: status.spaces,
        predictor: status.predictor,
      });
      const { style } = out;
      out.say(
        `cluster ${style.bold(clusterId)}  leader ${leader === null ? style.red('none') : style.bold(leader)}  term ${term}  commit ${commit}  ` +
          `sessions ${status.sessions}  leases ${status.leases}  ${style.dim(`answered by ${id}, version ${version}`)}`,
      );
      out.say('');
      out.table(
        memberColumns,
        status.members.map((member) => memberRow(member, style)),
      );
      out.say('');
      out.table(
        ['space', 'keys', 'revision', 'compacted', 'digest'],
        status.spaces.map((space) => [
          space.space,
          space.keys,
          space.revision,
          space.compacted,
          space.digest,
        ]),
      );
      const models = modelsText(status.members, style);
      if (models !== null) out.say(`\n${models}`);
      if (status.predictor !== null) out.say(`\n${predictorText(status.predictor)}`);
      out.say(`\nin line: ${succession.join(' → ') || 'nobody yet'}`);
    }),
  );
};
