import type { ExecutionContext } from 'ava';
import { encodeMessage } from '../../../../../src/protocol/etcd/codec.ts';
import { clusterMethods, type EtcdMethod } from '../../../../../src/protocol/etcd/methods.ts';
import { patient, startEtcdCluster, tool } from '../../etcd-cluster.ts';
import { type Answer, RawClient } from '../raw-client.ts';
import { startRealEtcd } from '../real-etcd.ts';

/** etcd or Tanist: one node, fresh. */
export interface Side {
  readonly endpoint: string;
  readonly client: RawClient;
  readonly self: Member;
  /** What a call left for later ones. */
  readonly kept: Map<string, bigint>;
}

interface Member {
  readonly ID: bigint;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
}

export interface Case {
  readonly what: string;
  readonly method: EtcdMethod;
  /** As objects, or as hexadecimal bytes of the message. */
  readonly request: object | string | ((side: Side) => object);
  readonly keep?: (side: Side, message: never) => void;
  readonly differs?: Differs;
}

/** Tanist answers otherwise, so, and why. */
export type Differs = readonly [answer: string, because: string];

/** Null, with a notice: there is no etcd on the PATH. */
export async function startBoth(t: Pick<ExecutionContext, 'log'>): Promise<readonly [Side, Side] | null> {
  if (!(await tool(t, 'etcd', 'etcd-server'))) return null;
  const [tanist, etcd] = await Promise.all([startEtcdCluster(1, patient), startRealEtcd()]);
  stops.push(() => Promise.all([tanist.stop(), etcd.stop()]));
  return Promise.all([sideAt(tanist.endpoints[0]!), sideAt(etcd.endpoint)]);
}

const stops: (() => Promise<unknown>)[] = [];

export async function stopBoth(): Promise<void> {
  await Promise.all(stops.map((stop) => stop()));
}

async function sideAt(endpoint: string): Promise<Side> {
  const client = new RawClient(endpoint);
  stops.push(async () => client.close());
  const answer = await client.call(clusterMethods.memberList, {});
  if (answer.kind === 'error') throw new Error(answer.details);
  const { members } = answer.message as { readonly members: readonly Member[] };
  return { endpoint, client, self: members[0]!, kept: new Map() };
}

async function answerOf(side: Side, { method, request, keep }: Case): Promise<string> {
  const given = typeof request === 'function' ? request(side) : request;
  const bytes =
    typeof given === 'string' ? Buffer.from(given, 'hex') : encodeMessage(method.request, given as never);
  const answer = await side.client.callBytes(method, bytes);
  if (answer.kind === 'message') keep?.(side, answer.message as never);
  return common(side, answer);
}

/**
 * A change of members that reaches etcd's Raft before it has noted that the one before is applied is dropped there, and its caller waits for ever: asked
 * again.
 */
async function answerOfEtcd(etcd: Side, each: Case): Promise<string> {
  const answer = await answerOf(etcd, each);
  return answer.startsWith(`${deadlineExceeded} `) ? answerOf(etcd, each) : answer;
}

const deadlineExceeded = 4;

/** One after the other, on both. */
export async function compareCases(
  t: ExecutionContext,
  [tanist, etcd]: readonly [Side, Side],
  cases: readonly Case[],
): Promise<void> {
  const found: Found[] = [];
  for (const each of cases) {
    const [ours, theirs] = await Promise.all([answerOf(tanist, each), answerOfEtcd(etcd, each)]);
    found.push({ what: `${each.method.path}, ${each.what}`, ours, theirs, differs: each.differs });
  }
  compareFound(t, found);
}

export interface Found {
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
  readonly differs?: Differs | undefined;
}

/** All differences at once; an exception that is none any more is one. */
export function compareFound(t: ExecutionContext, found: readonly Found[]): void {
  const wrong = found.filter(({ ours, theirs, differs }) =>
    differs === undefined ? ours !== theirs : ours !== differs[0] || ours === theirs,
  );
  t.is(wrong.map(({ what, ours, theirs }) => `${what}\n  here ${ours}\n  etcd ${theirs}`).join('\n'), '');
}

const ofTheNode = new Set([
  'raftTerm',
  'raftIndex',
  'raftAppliedIndex',
  'hash',
  'version',
  'dbSize',
  'dbSizeInUse',
]);

/** Without what must differ between two nodes. */
function common({ self, kept }: Side, answer: Answer): string {
  if (answer.kind === 'error') return `${answer.code} ${answer.details}`;
  const ids = new Map([[self.ID, 'SELF'], ...[...kept].map(([name, id]) => [id, name] as const)]);
  const texts = new Map([
    [self.name, 'NAME'],
    ...self.peerURLs.map((url) => [url, 'PEER'] as const),
    ...self.clientURLs.map((url) => [url, 'CLIENT'] as const),
  ]);
  const { members, ...rest } = answer.message as { readonly members?: readonly Member[] };
  // Listed by ids, which are drawn.
  const sorted = members?.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify({ ...rest, members: sorted }, (key, value: unknown) => {
    // Where etcd leaves parts of a header empty, which depends on the release, Tanist fills it.
    if (key === 'header') return undefined;
    if (ofTheNode.has(key)) return key.toUpperCase();
    if (key === 'lease' && value !== 77n) return 'LEASE';
    if (typeof value === 'bigint') return ids.get(value) ?? String(value);
    if (typeof value !== 'string') return value;
    if (value.includes(`memberID:${self.ID} `)) return value.replace(`${self.ID}`, 'SELF');
    // A lease of the server's own choice.
    return texts.get(value) ?? value.replace(/\/[0-9a-f]{5,16}$/, '/LEASE');
  });
}
