import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const scrubCommand: Register = (program) => {
  withClient(
    program
      .command('scrub')
      .summary('read all that nodes have stored, in search of damage')
      .description(
        'The member at each endpoint given, hot, warm or cold, reads its log and its state, now and as fast as it can, and compares them with what was written.\n' +
          'What is found is repaired as what the scrub in the background finds: from the other replicas. Exit 1 when something was.',
      ),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { byteText } = await import('../../backup/late-progress.ts');
      const nodes: { node: string; endpoint: string; bytes: number; faults: readonly string[] }[] = [];
      for (const endpoint of endpoints) {
        for await (const { node, bytes, totalBytes, done, faults } of client.scrub(endpoint, {
          silenceMs: call.deadlineMs,
        })) {
          out.progress.update(`${node}: ${byteText(bytes)} of about ${byteText(totalBytes)}`);
          if (done) nodes.push({ node, endpoint, bytes, faults });
        }
      }
      out.progress.clear();
      out.document({ nodes });
      for (const { node, bytes, faults } of nodes) {
        out.say(
          `${out.style.bold(node)}  ${byteText(bytes)} read, ${faults.length === 0 ? 'all as written' : 'damaged:'}`,
        );
        for (const fault of faults) out.say(`  ${out.style.red(fault)}`);
      }
      if (nodes.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
    }),
  );
};

export const repairCommand: Register = (program) => {
  withClient(
    program
      .command('repair')
      .argument('<id>', 'the member whose state is wrong')
      .summary("make a member's state anew from the leader's")
      .description(
        'For when replicas differ and no majority agrees (alarm corrupt): you say which one is wrong. Look at them one by one (status shows the digests;\n' +
          'a copy of a data folder can be started alone), hand leadership to one that is right (transfer --to), then repair each other one. Once all\n' +
          'agree the alarm is lifted, and writes go on. What the wrong one had is kept in its data folder as state.evidence-N.',
      ),
  ).action((id: string, options: ClientOptions) =>
    withCluster(options, async ({ client, out, change }) => {
      await client.repair(id, change);
      out.document({ id });
      out.say(`${out.style.bold(id)} is made anew; tanist status shows when it is whole`);
    }),
  );
};
