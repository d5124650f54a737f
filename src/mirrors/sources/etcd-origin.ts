import { asBuffer } from '../../foundation/bytes.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { StateClient } from '../../ports/state-client.ts';
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

/** A range of keys elsewhere as one document; the greatest revision in it and the number of keys are its validator. */
export function etcdOrigin(
  config: OriginOf<'etcd'>,
  connect: (endpoints: readonly string[]) => Promise<OtherState>,
): Origin {
  let opened: Promise<OtherState> | null = null;
  return {
    async fetch({ key, validators, signal, maxBytes }) {
      try {
        opened ??= connect(config.endpoints);
        const { client } = await opened;
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
          if (error.code === 'unavailable') opened = null;
          return failed('origin-unreachable', `the other etcd cannot be asked: ${asError(error).message}`);
        }
        return failedBy(error, signal);
      }
    },
    async close() {
      const state = await opened?.catch(() => null);
      await state?.close();
    },
  };
}
