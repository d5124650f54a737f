import * as v from 'valibot';
import {
  decimal,
  headerName,
  metadataName,
  pointer,
  secretText,
  text,
  urlTemplate,
  whole,
} from './values.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** `{key}` is the resource's key, encoded as one segment; `{+key}` keeps its slashes. */
const http = v.strictObject({
  kind: v.literal('http'),
  url: urlTemplate,
  headers: v.optional(v.record(headerName, secretText), {}),
  /** Behind the `?`, besides what the URL has there; the place for an API key that no header takes. Not sent where a redirect leads. */
  query: v.optional(v.record(text, secretText), {}),
});

const grpc = v.strictObject({
  kind: v.literal('grpc'),
  /** `host:port` of a server with reflection. */
  address: v.pipe(text, v.regex(/^[^\s/]+:\d{1,5}$/, 'must be host:port')),
  /** `package.Service/Method`, unary. */
  method: v.pipe(text, v.regex(/^[\w.]+\/\w+$/, 'must be package.Service/Method')),
  /** The request as JSON; `{key}` in its texts is the resource's key. */
  request: v.optional(v.record(v.string(), v.unknown()), {}),
  /** Texts of the request that are secret, by JSON pointer. */
  secrets: v.optional(v.record(pointer, secretText), {}),
  metadata: v.optional(v.record(metadataName, secretText), {}),
  tls: v.optional(v.boolean('must be true or false'), false),
});

const parsing = v.optional(v.picklist(['json', 'text'], 'must be json or text'), 'json');

const command = v.strictObject({
  kind: v.literal('command'),
  /** Program and arguments; there is no shell. `{key}` may stand in arguments alone. */
  argv: v.pipe(v.array(text), v.nonEmpty('must name a program')),
  /** Variables of its environment, besides this process's: the place for secrets, since everybody on a machine sees arguments. */
  env: v.optional(v.record(text, secretText), {}),
  parse: parsing,
});

const file = v.strictObject({ kind: v.literal('file'), path: text, parse: parsing });

const etcd = v.strictObject({
  kind: v.literal('etcd'),
  endpoints: v.pipe(v.array(text), v.nonEmpty('must name an endpoint')),
  /** All keys that begin with this; they become the fields of one document, named by what follows. `{key}` as above. */
  prefix: text,
  parse: parsing,
});

/** A source that this program's own code answers for. */
const own = v.strictObject({ kind: v.literal('own'), name: text });

const origin = v.variant(
  'kind',
  [http, grpc, command, file, etcd, own],
  'kind must be http, grpc, command, file, etcd or own',
);

/** An expression: a JSON pointer (RFC 6901) when it begins with `/` or is empty, else JMESPath. */
const expression = v.string('must be a JSON pointer or a JMESPath expression');

const format = v.strictObject({
  /** What the mirror keeps, by name; absent: the whole document. */
  fields: v.optional(v.record(v.string(), expression)),
  labels: v.optional(v.record(v.string(), expression), {}),
  /** The resource's own key in the document; an answer about another resource is refused as unreadable. */
  key: v.optional(expression),
  /** A number, or text that sorts, that rises with every change: an older answer is told by it. */
  version: v.optional(expression),
  /** When the resource changed last: ms or s since 1970, or ISO 8601. */
  changedAt: v.optional(expression),
});

const budget = v.strictObject({
  /** Calls of the origin, of all processes together. */
  perMinute: decimal(60, 0.001, 6_000_000),
  /** Calls that may be made at once after a quiet time. */
  burst: whole(10, 1, 100_000),
});

/** One kind of outside resource: where it is, what is kept of it, how fresh it is to be, what that may cost. */
export const sourceSchema = v.strictObject({
  origin,
  format: v.optional(format, {}),
  budget: v.optional(budget, {}),
  /** Older than this, a mirror is stale. */
  freshForMs: whole(minuteMs, 1, 365 * dayMs),
  /** `on-demand`: when a reader finds it stale. `interval`: as it becomes stale. `predicted`: where it buys most freshness. */
  refresh: v.optional(
    v.picklist(['on-demand', 'interval', 'predicted'], 'must be on-demand, interval or predicted'),
    'predicted',
  ),
  /** How far ahead predicted changes are told. */
  horizonMs: whole(15 * minuteMs, 1000, 30 * dayMs),
  /** What a reader of a stale mirror gets: the refreshed one, or at once the stale one while it is refreshed. */
  onStale: v.optional(v.picklist(['wait', 'serve'], 'must be wait or serve'), 'wait'),
  /**
   * With `predicted` and `wait`: of the reads of a resource whose changes cannot be foreseen, those that may wait for a look that is due, at most; the more, the
   * fresher for the same calls. 0: such looks are all made ahead of readers.
   */
  waitingReads: decimal(0.1, 0, 1),
  /** One call of the origin, redirects and body included. */
  timeoutMs: whole(5000, 10, 10 * minuteMs),
  maxBytes: whole(1024 * 1024, 64, 64 * 1024 * 1024),
  /** Nobody read it for so long: it is refreshed no more until somebody does. */
  idleMs: whole(60 * minuteMs, 1000, 365 * dayMs),
  /** Nobody read it for so long: its refresher takes the mirror away with all that is known of it; the next read makes it anew. */
  forgetMs: whole(dayMs, 1000, 10 * 365 * dayMs),
  /** False: readers ask the origin itself. Or keys that are not mirrored; `*` at the end: all that begin so. */
  mirror: v.optional(v.boolean('must be true or false'), true),
  except: v.optional(v.array(text), []),
});

export type SourceConfig = v.InferOutput<typeof sourceSchema>;
export type OriginConfig = SourceConfig['origin'];
export type OriginOf<Kind extends OriginConfig['kind']> = Extract<OriginConfig, { kind: Kind }>;
export type FormatConfig = SourceConfig['format'];
