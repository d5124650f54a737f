import { randomBytes } from 'node:crypto';
import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import { type Random, seededRandom } from '../../../../src/foundation/random.ts';
import type { watchCreateRequest } from '../../../../src/protocol/etcd/messages/watch.ts';
import { kvMethods, watchMethods } from '../../../../src/protocol/etcd/methods.ts';
import type { Given } from '../../../../src/protocol/etcd/schema.ts';
import { startEtcdCluster, tool } from '../etcd-cluster.ts';
import { RawStream } from '../raw-stream.ts';
import { comparable, text } from './compare-answers.ts';
import { RandomOperations } from './random-operations.ts';
import { RawClient } from './raw-client.ts';
import { startRealEtcd } from './real-etcd.ts';

const operations = Number(process.env.TANIST_DIFF_OPERATIONS ?? 1000);
const seed = process.env.TANIST_DIFF_SEED ?? randomBytes(4).toString('hex');
const operationsPerWatch = 50;
/** etcd feeds watches of past revisions ten times a second. */
const etcdCatchUpMs = 250;
const patienceMs = 60_000;

test('watches of random operations say the same on Tanist and on etcd', async (t) => {
  t.timeout(280_000);
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  t.log(`rerun: TANIST_DIFF_SEED=${seed} TANIST_DIFF_OPERATIONS=${operations}`);
  const [tanist, etcd] = await Promise.all([startEtcdCluster(3), startRealEtcd()]);
  const members = tanist.endpoints.map((endpoint) => new RawClient(endpoint));
  const real = new RawClient(etcd.endpoint);
  const sides = [
    ...tanist.endpoints.map((endpoint, i) => new Watching(`member ${i}`, endpoint)),
    new Watching('etcd', etcd.endpoint),
  ];
  try {
    const random = seededRandom(seed);
    const next = new RandomOperations(random, true);
    const known = { revision: 1, compacted: 0 };
    let watches = 0;
    for (let i = 0; i < operations; i++) {
      if (i % operationsPerWatch === 0) {
        const request = randomWatch(random, known, ++watches);
        // One from the present on begins at what its node knows.
        for (const side of sides) {
          await side.reach(known.revision);
          await side.create(request);
        }
        if ((request.start_revision ?? 0) > 0) await settle();
      }
      const { method, request, serializable } = next.next(known);
      // What changes nothing is compared elsewhere, at the leader: a member that is asked locally may be behind.
      if (method.path === kvMethods.range.path || serializable === true) continue;
      const [ours, theirs] = await Promise.all([
        random.pick(members).call(method, request),
        real.call(method, request),
      ]);
      t.is(comparable(method, ours), comparable(method, theirs), `${method.path} ${text(request)}`);
      if (theirs.kind === 'error') continue;
      const { header } = theirs.message as { header: { revision: number } | null };
      known.revision = Math.max(known.revision, header?.revision ?? 0);
      if (method.path === kvMethods.compact.path) {
        known.compacted = (request as { revision: number }).revision;
        await settle();
      }
    }
    for (const side of sides) await side.reach(known.revision);
    await settle();
    const [expected, ...others] = sides.reverse().map((side) => side.seen());
    let events = 0;
    for (let id = 1; id <= watches; id++) {
      for (const other of others) {
        const [ours, theirs] = [other.get(id) ?? [], expected!.get(id) ?? []];
        const at = theirs.findIndex((each, i) => each !== ours[i]);
        if (at >= 0)
          t.deepEqual(ours.slice(at, at + 3), theirs.slice(at, at + 3), `watch ${id}, event ${at}`);
        t.is(ours.length, theirs.length, `watch ${id}`);
      }
      events += expected!.get(id)?.length ?? 0;
    }
    t.log(`${watches} watches on each of 4 nodes, ${events} events each`);
    t.true(events > operations / 2);
  } finally {
    for (const side of sides) side.close();
    for (const client of [...members, real]) client.close();
    await Promise.all([tanist.stop(), etcd.stop()]);
  }
});

function randomWatch(
  random: Random,
  { revision, compacted }: { readonly revision: number; readonly compacted: number },
  id: number,
): Given<typeof watchCreateRequest> {
  const key = random.pick(['a', 'b', 'aa', 'bc', '']) as ByteString;
  const start = random.pick(['present', 'past', 'future', 'compacted'] as const);
  // Not at the compacted one itself: a delete there is told by etcd only since its pull request 18274.
  const past = compacted + 1 + random.below(Math.max(1, revision - compacted));
  return {
    watch_id: id,
    key,
    range_end: random.pick(['', '\0', 'c', 'd']) as ByteString,
    start_revision: {
      present: 0,
      past,
      future: revision + 1 + random.below(20),
      compacted: Math.max(1, compacted - 1),
    }[start],
    prev_kv: random.chance(0.5),
    fragment: random.chance(0.3),
    filters: random.chance(0.7) ? [] : [random.pick(['NOPUT', 'NODELETE'] as const)],
  };
}

/** All that the watches of one stream say, but not how it is divided into responses. */
class Watching {
  readonly #stream: RawStream<typeof watchMethods.watch.request, typeof watchMethods.watch.response>;
  readonly #name: string;
  readonly #seen = new Map<number, string[]>();
  #reached = 0;
  #said = new Set<number>();

  constructor(name: string, endpoint: string) {
    this.#name = name;
    this.#stream = new RawStream(endpoint, watchMethods.watch);
    void this.#follow();
  }

  async create(request: Given<typeof watchCreateRequest>): Promise<void> {
    this.#stream.send({ create_request: request });
    const id = request.watch_id ?? 0;
    await this.#until(1, () => this.#said.has(id) || `watch ${id} is not created: ${text(request)}`);
  }

  async reach(revision: number): Promise<void> {
    await this.#until(20, () => {
      if (this.#reached >= revision) return true;
      this.#stream.send({ progress_request: {} });
      return `it is at revision ${this.#reached} and does not come to ${revision}`;
    });
  }

  async #until(everyMs: number, done: () => true | string): Promise<void> {
    const giveUpMs = performance.now() + patienceMs;
    for (let missing = done(); missing !== true; missing = done()) {
      if (this.#stream.over)
        throw new Error(`${this.#name}: the stream ended: ${await this.#stream.ended()}`);
      if (performance.now() > giveUpMs) throw new Error(`${this.#name}: ${missing}`);
      await settle(everyMs);
    }
  }

  seen(): ReadonlyMap<number, readonly string[]> {
    return this.#seen;
  }

  close(): void {
    this.#stream.close();
  }

  async #follow(): Promise<void> {
    for (;;) {
      const response = await this.#stream.next(2 * patienceMs);
      if (response === null) return;
      const { watch_id: id, created, canceled, compact_revision, cancel_reason, events, header } = response;
      if (id === -1 && !created) this.#reached = header?.revision ?? 0;
      const seen = this.#seen.get(id) ?? [];
      this.#seen.set(id, seen);
      if (created || canceled) seen.push(text({ created, canceled, compact_revision, cancel_reason }));
      for (const event of events) seen.push(text(event));
      if (!created) continue;
      // A refused one has no id.
      if (canceled) for (let i = 1; i <= this.#said.size + 1; i++) this.#said.add(i);
      else this.#said.add(id);
    }
  }
}

function settle(ms: number = etcdCatchUpMs): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
