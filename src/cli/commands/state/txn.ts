import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

interface TxnOptions extends ClientOptions {
  readonly if?: readonly string[];
  readonly then?: readonly string[];
  readonly else?: readonly string[];
}

export const txnCommand: Register = (program) => {
  withClient(
    program
      .command('txn')
      .summary('compare and change keys in one step')
      .description(
        'Does all of --then when every --if holds, else all of --else, in one revision.\n' +
          'Comparisons:  version(KEY) = 0   createRevision(KEY) > 5   modRevision(KEY) != 7   value(KEY) < TEXT   lease(KEY) = ID\n' +
          'Operations:   put KEY VALUE [lease ID]   get KEY   get-prefix KEY   del KEY   del-prefix KEY   (quote with "…" or \'…\')',
      )
      .option('--if <comparison>', 'may be given several times', collect)
      .option('--then <operation>', 'may be given several times', collect)
      .option('--else <operation>', 'may be given several times', collect)
      .addHelpText(
        'after',
        '\nExample, a lock that ends with its holder:\n  tanist lease grant 10s                 # says the ID\n  tanist lease keep-alive ID &           # the lock ends soon after this does\n  tanist txn --if "version(lock) = 0" --then "put lock me lease ID" --else "get lock"',
      ),
  ).action(async (options: TxnOptions) => {
    const { answerJson, answerLines, parseComparison, parseOperation } = await import('./txn-language.ts');
    const { UsageError } = await import('../../terminal/usage-error.ts');
    if (options.then === undefined && options.else === undefined)
      throw new UsageError('txn: at least one --then or --else is needed; see tanist txn --help');
    const transaction = {
      if: (options.if ?? []).map(parseComparison),
      // biome-ignore lint/suspicious/noThenProperty: the name that the transaction's port gives it
      then: (options.then ?? []).map(parseOperation),
      else: (options.else ?? []).map(parseOperation),
    };
    await withCluster(options, async ({ client, out, call }) => {
      const answer = await client.txn(transaction, call);
      out.document({
        revision: answer.revision,
        succeeded: answer.succeeded,
        answers: answer.answers.map(answerJson),
      });
      out.say(`${answer.succeeded ? 'succeeded' : 'not succeeded'}, revision ${answer.revision}`);
      for (const line of answer.answers.flatMap(answerLines)) out.say(line);
    });
  });
};

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
