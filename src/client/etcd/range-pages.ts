import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { CallOptions } from '../../ports/state-client.ts';
import type { rangeRequest, rangeResponse } from '../../protocol/etcd/messages/kv.ts';
import { kvMethods } from '../../protocol/etcd/methods.ts';
import type { Given, Message } from '../../protocol/etcd/schema.ts';
import type { Caller, CallKind } from './caller.ts';

type Request = Given<typeof rangeRequest>;
type Response = Message<typeof rangeResponse>;

/** How often pages are tried: the revision that they are read at may be compacted between two of them. */
const attempts = 3;

/** A range of any size, in pages of `pageKeys` that are all of one revision, so that neither side holds more than that in one message. */
export async function readRange(
  caller: Caller,
  request: Request,
  kind: CallKind,
  options: CallOptions | undefined,
  pageKeys: number,
): Promise<Response> {
  const wanted = request.limit ?? 0;
  const pages = canPage(request) && (wanted === 0 || wanted > pageKeys);
  if (!pages) return await caller.call(kvMethods.range, request, kind, options);
  for (let attempt = 1; ; attempt++) {
    // At last in one message, however large: that cannot be compacted under it.
    if (attempt > attempts) return await caller.call(kvMethods.range, request, kind, options);
    try {
      return await readPages(caller, request, kind, options, pageKeys);
    } catch (error) {
      const isCompacted = error instanceof TanistError && error.code === 'revision-compacted';
      if (!isCompacted || (request.revision ?? 0) > 0) throw error;
    }
  }
}

/** In the order of keys, unfiltered: only then a page is the beginning of the whole. */
function canPage(request: Request): boolean {
  const inKeyOrder =
    request.sort_order === 'NONE' || (request.sort_order === 'ASCEND' && request.sort_target === 'KEY');
  const filters =
    (request.min_mod_revision ?? 0) +
    (request.max_mod_revision ?? 0) +
    (request.min_create_revision ?? 0) +
    (request.max_create_revision ?? 0);
  const plain = request.sort_order === 'NONE' ? request.sort_target === 'KEY' : true;
  return request.range_end !== '' && request.count_only !== true && inKeyOrder && plain && filters === 0;
}

async function readPages(
  caller: Caller,
  request: Request,
  kind: CallKind,
  options: CallOptions | undefined,
  pageKeys: number,
): Promise<Response> {
  const { deadlineMs } = options ?? {};
  const giveUpMs = deadlineMs === undefined ? null : performance.now() + deadlineMs;
  const wanted = request.limit ?? 0;
  const size = (have: number): number => (wanted === 0 ? pageKeys : Math.min(pageKeys, wanted - have));
  // The order of keys is what etcd reads in; asked for by name it would read the whole range for every page.
  const page = { ...request, sort_order: 'NONE', limit: size(0) } as const;
  const first = await caller.call(kvMethods.range, page, kind, options);
  const revision = request.revision || (first.header?.revision ?? 0);
  const kvs = [...first.kvs];
  let { more } = first;
  while (more && size(kvs.length) > 0) {
    const last = kvs.at(-1);
    if (last === undefined) break;
    const left = giveUpMs === null ? options : { ...options, deadlineMs: giveUpMs - performance.now() };
    const next = await caller.call(
      kvMethods.range,
      { ...page, key: `${last.key}\0` as ByteString, revision, limit: size(kvs.length) },
      kind,
      left,
    );
    for (const each of next.kvs) kvs.push(each);
    more = next.more;
  }
  return { ...first, kvs, more };
}
