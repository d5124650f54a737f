import { noSession } from '../../foundation/ids.ts';
import type { Command } from '../../ports/command.ts';
import type { CommandResult } from '../../ports/result.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { Machine } from '../machine.ts';

/** One command without a session; `done` hears its result if it is applied where it was submitted. */
export function submit(
  machine: Machine | null,
  command: Command,
  done: (result: CommandResult) => void,
): void {
  const { node = null, life = null } = machine ?? {};
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
  life?.enter(() =>
    node?.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      settle: (outcome) => {
        const result = outcome.kind === 'applied' ? outcome.results[0] : undefined;
        if (result !== undefined) done(result);
      },
      early: null,
    }),
  );
}
