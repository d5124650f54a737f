import type { Random } from '../../../foundation/random.ts';
import type { ClientTxn } from '../../../ports/state-client.ts';
import type { RegisterInput, RegisterOutput } from '../../../verification/register/register.ts';
import { checkRegisters } from '../checks/registers.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { TimedHistory } from '../record/timed-history.ts';
import { transaction } from '../transaction.ts';
import { gotOf, startPinnedReaders } from './pinned-readers.ts';

const hotKeys = 6;
/** Then another key takes its place, so that the search of one key's order stays short. */
const operationsPerKey = 300;

/** Whoever appends has to read first: `list-append` does that. */
type Asked = Exclude<RegisterInput, { kind: 'append' }>;

/** What somebody saw last of a key, to compare with. */
interface Known {
  readonly value: string | null;
  readonly revision: number;
}

/**
 * Puts, gets, deletes, compare-and-swap by value and by revision on a few hot keys, by callers that have a connection each; and reads by callers that
 * stay with one member whatever becomes of it.
 */
export const registers: Part = {
  name: 'registers',
  share: 0.2,
  nativeOnly: false,
  async start(context) {
    const { random, callers, rate, nowMs, prefix } = context;
    const history = new TimedHistory<RegisterInput, RegisterOutput>(nowMs);
    const known = new Map<string, Known>();
    let begun = 0;
    const drawKey = (): string =>
      `${prefix}${Math.floor(begun / (hotKeys * operationsPerKey))}-${random.below(hotKeys)}`;
    const pinned = await startPinnedReaders(context, history, drawKey);
    const pace = startWorkers(callers, rate, nowMs, async (worker) => {
      begun++;
      const key = drawKey();
      const input = draw(random, key, known.get(key), context.nextValue);
      const output = await perform(
        context,
        history,
        `client ${worker}`,
        context.connections.caller(worker),
        input,
      );
      const seen = output === null ? null : knownAfter(input, output);
      if (seen !== null) known.set(key, seen);
    });
    return {
      stop: async () => {
        await Promise.all([pace.stop(), pinned.stop()]);
      },
      check: (evidence) => checkRegisters(history, evidence),
    };
  },
};

function draw(random: Random, key: string, known: Known | undefined, nextValue: () => string): Asked {
  const kind = random.next();
  if (kind < 0.35) return { kind: 'get', key };
  if (kind < 0.6) return { kind: 'put', key, value: nextValue() };
  if (kind < 0.68) return { kind: 'delete', key };
  if (kind < 0.84) return { kind: 'cas', key, expected: known?.value ?? null, value: nextValue() };
  return { kind: 'casRevision', key, expected: known?.revision ?? 0, value: nextValue() };
}

/** The answer; null: it failed, or nobody knows. */
async function perform(
  { meter, writes }: PartContext,
  history: TimedHistory<RegisterInput, RegisterOutput>,
  caller: string,
  client: Connection,
  input: Asked,
): Promise<RegisterOutput | null> {
  const id =
    input.kind === 'get'
      ? null
      : writes.began(
          'registers',
          input.kind === 'delete' ? 'delete' : 'put',
          input.key,
          input.kind === 'delete' ? '' : input.value,
        );
  const operation = history.invoke(caller, input);
  const outcome = await meter.call(
    () => send(client, input),
    ({ wrote, spaceRevision }) => ({ kind: wrote ? 'write' : 'read', revision: spaceRevision }),
  );
  if (outcome.kind === 'indeterminate') {
    history.indeterminate(operation);
    return null;
  }
  if (outcome.kind === 'fail') {
    history.fail(operation);
    if (id !== null) writes.ended(id, { kind: 'absent' });
    return null;
  }
  const { output, wrote, spaceRevision } = outcome.answer;
  history.ok(operation, output);
  if (id !== null)
    writes.ended(id, wrote ? { kind: 'acknowledged', revision: spaceRevision } : { kind: 'absent' });
  return output;
}

interface Answered {
  readonly output: RegisterOutput;
  readonly wrote: boolean;
  readonly spaceRevision: number;
}

async function send(client: Connection, input: Asked): Promise<Answered> {
  const { key } = input;
  switch (input.kind) {
    case 'get': {
      const answer = await client.get(key);
      return { output: gotOf(answer), wrote: false, spaceRevision: answer.revision };
    }
    case 'put': {
      const { revision } = await client.put(key, input.value);
      return { output: { kind: 'put', revision }, wrote: true, spaceRevision: revision };
    }
    case 'delete': {
      const { deleted, revision } = await client.delete(key);
      return {
        output: { kind: 'deleted', found: deleted > 0 },
        wrote: deleted > 0,
        spaceRevision: revision,
      };
    }
    default: {
      const { succeeded, revision } = await client.txn(swapOf(input));
      return {
        output: { kind: 'swapped', succeeded, revision: succeeded ? revision : null },
        wrote: succeeded,
        spaceRevision: revision,
      };
    }
  }
}

function swapOf(input: Extract<RegisterInput, { kind: 'cas' | 'casRevision' }>): ClientTxn {
  const { key, value } = input;
  const put = { put: key, value };
  if (input.kind === 'casRevision')
    return transaction([{ key, is: '=', modRevision: input.expected }], [put]);
  // An absent key has no value to compare with.
  if (input.expected === null) return transaction([{ key, is: '=', createRevision: 0 }], [put]);
  return transaction([{ key, is: '=', value: input.expected }], [put]);
}

function knownAfter(input: Asked, output: RegisterOutput): Known | null {
  switch (output.kind) {
    case 'got':
      return { value: output.value, revision: output.revision ?? 0 };
    case 'deleted':
      return { value: null, revision: 0 };
    case 'put':
    case 'swapped': {
      if (output.revision === null || input.kind === 'get' || input.kind === 'delete') return null;
      return { value: input.value, revision: output.revision };
    }
  }
}
