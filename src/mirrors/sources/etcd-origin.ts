import { asBuffer } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { StateClient, WatchEvent } from '../../ports/state-client.ts';
import type { OriginOf } from '../config/source-schema.ts';
import { tooLarge } from './bounded-body.ts';
import { failed, failedBy, parsed } from './failed.ts';
import type { Origin } from './origin.ts';
import { textFor } from './template.ts';

/** A connection to another etcd, or to another cluster. */
export interface OtherState {
  readonly client: StateClient;
  close(): Promise<void>;
}

const mostKeys = 10_000;
/** Keys of resources that one key of the other etcd may be of, where their ends cannot be told. */
const mostCandidates = 64;

/** A range of keys elsewhere as one document; the greatest revision in it and the number of keys are its validator. A watch on the range tells of its changes. */
export function etcdOrigin(
  config: OriginOf<'etcd'>,
  connect: (endpoints: readonly string[]) => Promise<OtherState>,
): Origin {
  let opened: Promise<OtherState> | null = null;
  /** One for all: it comes back by itself when the other etcd does. */
  const other = (): Promise<OtherState> => {
    opened ??= connect(config.endpoints).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    async fetch({ key, validators, signal, maxBytes }) {
      try {
        const { client } = await other();
        const prefix = textFor(config.prefix, key);
        const { values, more } = await client.get(prefix, { prefix: true, limit: mostKeys, signal });
        if (more) throw new TanistError('origin-too-large', `the range has more than ${mostKeys} keys`);
        if (values.length === 0) return { kind: 'gone', originMs: null };
        const etag = `${Math.max(...values.map(({ modRevision }) => modRevision))}-${values.length}`;
        if (validators?.etag === etag) return { kind: 'unchanged', originMs: null };
        if (values.reduce((bytes, { value }) => bytes + value.length, 0) > maxBytes) throw tooLarge(maxBytes);
        const skip = Buffer.byteLength(prefix);
        const document = Object.fromEntries(
          values.map(({ key: each, value }) => [
            asBuffer(each).toString('utf8', skip),
            parsed(asBuffer(value).toString('utf8'), config.parse),
          ]),
        );
        return { kind: 'content', document, validators: { etag }, changedAtMs: null, originMs: null };
      } catch (error) {
        if (error instanceof TanistError && !error.code.startsWith('origin-')) {
          if (signal.aborted) return failedBy(error, signal);
          return failed('origin-unreachable', `the other etcd cannot be asked (${error.code})`);
        }
        return failedBy(error, signal);
      }
    },
    async *changes(signal) {
      const [begins = ''] = config.prefix.split(/\{\+?key\}/);
      const { client } = await other();
      // Of all keys where the prefix begins with the resource's own.
      for await (const { events } of client.watch(begins, { prefix: true, signal })) {
        if (events.length === 0) yield { kind: 'following' };
        else yield { kind: 'changed', keys: concerned(config.prefix, begins, events) };
      }
    },
    async close() {
      const state = await opened?.catch(() => null);
      await state?.close();
    },
  };
}

/** Keys of resources whose ranges the keys of events lie in. Null: any. */
function concerned(prefix: string, begins: string, events: readonly WatchEvent[]): readonly string[] | null {
  if (prefix === begins) return null;
  const [, ends = ''] = prefix.slice(begins.length).split(/\{\+?key\}/);
  const found = new Set<string>();
  for (const { keyValue } of events) {
    const name = asBuffer(keyValue.key).toString('utf8');
    const rest = name.slice(begins.length);
    // A resource's key may have in it what follows it.
    let candidates = 0;
    for (let end = ends === '' ? 1 : rest.indexOf(ends, 1); end > 0 && end <= rest.length; ) {
      if (++candidates > mostCandidates) return null;
      if (name.startsWith(textFor(prefix, rest.slice(0, end)))) found.add(rest.slice(0, end));
      end = ends === '' ? end + 1 : rest.indexOf(ends, end + 1);
    }
  }
  return [...found];
}
