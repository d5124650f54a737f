import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

interface SnapshotsOptions extends ClientOptions {
  readonly take?: boolean;
}

export const snapshotsCommand: Register = (program) => {
  withClient(
    program
      .command('snapshots')
      .summary('what a cold replica holds')
      .description(
        'Lists the snapshots of the cold replica that --endpoints names, oldest first. Each can be read:\n' +
          'tanist get KEY --endpoints COLD --consistency serializable --revision REVISION',
      )
      .option('--take', 'take one now, first'),
  ).action((options: SnapshotsOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const [endpoint = ''] = endpoints;
      const { id, snapshots, trouble, diskBytes } = await client.snapshots(
        endpoint,
        options.take === true,
        call,
      );
      out.document({
        id,
        trouble,
        diskBytes,
        snapshots: snapshots.map(({ revisions, keys, ...rest }) => ({
          ...rest,
          revision: revisions[0],
          revisions,
          keys,
        })),
      });
      out.table(
        ['number', 'kind', 'revision', 'keys', 'taken', 'rows', 'bytes'],
        snapshots.map((one) => [
          one.number,
          one.base ? 'base' : 'increment',
          one.revisions[0] ?? 0,
          one.keys[0] ?? 0,
          new Date(one.takenAtMs).toISOString(),
          one.rows,
          one.bytes,
        ]),
      );
      out.say('');
      out.say(`${id} holds ${diskBytes} bytes  ${trouble === null ? '' : out.style.red(trouble)}`);
    }),
  );
};
