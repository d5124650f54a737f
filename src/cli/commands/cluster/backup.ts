import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const backupCommand: Register = (program) => {
  withClient(
    program
      .command('backup')
      .argument('<file>', 'where to write it')
      .summary('copy the state into a file')
      .description(
        'Writes a consistent copy of the state of the first endpoint that answers into a file: keys with their revisions, policies and leases\n' +
          'with their remaining time; neither predicted values nor client sessions. Writes go on meanwhile. The file is checked by checksums, and\n' +
          'appears under its name only when it is whole.',
      ),
  ).action((file: string, options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { writeBackupFile } = await import('../../backup/write-backup.ts');
      const { head, bytes, endpoint } = await writeBackupFile(client, endpoints, file, call, out.progress);
      const { clusterId, nodeId, revision, index } = head;
      out.document({ file, bytes, endpoint, cluster: clusterId, node: nodeId, revision, index });
      out.say(
        `${out.style.bold(file)}  ${bytes} bytes, cluster ${clusterId} at revision ${revision} (entry ${index}), from ${nodeId}`,
      );
    }),
  );
};
