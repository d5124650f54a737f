import { type JsonOption, type Register, withJson } from '../../command.ts';

interface RestoreCommandOptions extends JsonOption {
  readonly data: string;
  readonly config: string;
  readonly id: string;
}

export const restoreCommand: Register = (program) => {
  withJson(
    program
      .command('restore')
      .argument('<file>', 'a backup')
      .summary('begin a new cluster from a backup')
      .description(
        'Makes an empty folder the data folder of a member of a new cluster. Run it for every hot member of the config with the same file, then\n' +
          'start them. Revisions move on by 1,000,000,000 and everything before is compacted, so that no client sees a revision twice; sessions\n' +
          'end. The new cluster has an id of its own: nodes of the old one are refused, even under the same name.',
      )
      .requiredOption('--data <folder>', 'the data folder to make; must be empty or not there')
      .requiredOption('--config <file>', 'the new cluster, YAML or JSON')
      .requiredOption('--id <id>', 'which of its nodes this is'),
  ).action(async (file: string, options: RestoreCommandOptions) => {
    const { restoreFile } = await import('../../backup/restore-file.ts');
    const { outputTo } = await import('../../terminal/output.ts');
    const out = outputTo(options.json === true);
    const { head, clusterId, applied } = await restoreFile(file, options, out.progress);
    const { revision } = applied.revisions.user;
    out.document({
      cluster: clusterId,
      id: options.id,
      data: options.data,
      from: head.clusterId,
      backupRevision: head.revision,
      revision,
      index: applied.point.index,
      term: applied.point.term,
      digests: applied.digests,
    });
    out.say(
      `${out.style.bold(options.data)} is the data of ${options.id} in cluster ${out.style.bold(clusterId)}, at revision ${revision}; restore the other members from the same file`,
    );
  });
};
