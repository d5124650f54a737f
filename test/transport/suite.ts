import type { ExecutionContext, TestFn } from 'ava';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import { a, b, c, type Network, numbered, numbers, Recorder } from './harness.ts';

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** What every implementation of `Transport` does. */
export function transportSuite(test: TestFn, name: string, makeNetwork: () => Network): void {
  const on = (title: string, body: (t: ExecutionContext, network: Network) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      const network = makeNetwork();
      try {
        await body(t, network);
      } finally {
        await network.close();
      }
    });

  on('both sides hear that they are connected, and who the other is', async (t, network) => {
    const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
    await network.start(a, nodeA);
    await network.start(b, nodeB);
    await network.until(() => nodeA.events.includes('connected b start-b'));
    await network.until(() => nodeB.events.includes('connected a start-a'));
    t.like(nodeA.identities[0], {
      storeId: 'store-b',
      bootCounter: 1,
      incarnation: 'start-b',
      last: beforeAll,
      doubted: false,
    });
  });

  on('order is kept, and messages of one turn come together', async (t, network) => {
    const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
    const transportA = await network.start(a, nodeA);
    await network.start(b, nodeB);
    await network.until(() => nodeA.events.includes('connected b start-b'));
    for (const number of upTo(50)) transportA.send(b, numbered(a, b, number));
    await network.until(() => nodeB.messages.length === 50);
    t.deepEqual(nodeB.deliveries, [50]);
    for (const number of upTo(50)) {
      transportA.send(b, numbered(a, b, 50 + number));
      if (number % 7 === 0) await network.until(() => nodeB.messages.length === 51 + number);
    }
    await network.until(() => nodeB.messages.length === 100);
    t.deepEqual(numbers(nodeB), upTo(100));
  });

  on('a message to a node that is not there is dropped, and nobody waits', async (t, network) => {
    const nodeA = new Recorder(a);
    const transportA = await network.start(a, nodeA);
    transportA.send(c, numbered(a, c, 1));
    transportA.send(nodeId('unknown'), numbered(a, nodeId('unknown'), 1));
    const nodeC = new Recorder(c);
    await network.start(c, nodeC);
    await network.until(() => nodeA.events.includes('connected c start-c'));
    transportA.send(c, numbered(a, c, 2));
    await network.until(() => nodeC.messages.length > 0);
    t.deepEqual(numbers(nodeC), [2]);
  });

  on(
    'a death is told once as dropped, then as refused; the next incarnation connects again',
    async (t, network) => {
      const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
      const transportA = await network.start(a, nodeA);
      await network.start(b, nodeB);
      await network.until(() => nodeA.events.includes('connected b start-b'));
      await network.stop(b);
      await network.until(() => nodeA.events.includes('refused b'));
      const restarted = new Recorder(b);
      await network.start(b, restarted, 'second-b');
      await network.until(() => nodeA.events.includes('connected b second-b'));
      t.deepEqual(nodeA.events.slice(nodeA.events.indexOf('connected b start-b')), [
        'connected b start-b',
        'dropped b',
        'refused b',
        'connected b second-b',
      ]);
      transportA.send(b, numbered(a, b, 1));
      await network.until(() => restarted.messages.length === 1);
      t.deepEqual(numbers(nodeB), []);
    },
  );

  on('a probe says who is there and whom it follows; a dead node refuses', async (t, network) => {
    const transportA = await network.start(a, new Recorder(a));
    await network.start(b, new Recorder(b));
    const answer = await transportA.probe(b, 5000);
    t.deepEqual(answer as object, {
      id: 'b',
      identity: {
        storeId: 'store-b',
        bootCounter: 1,
        incarnation: 'start-b',
        last: beforeAll,
        doubted: false,
      },
      term: 7,
      leader: 'b',
      leaderHeardMs: 12.5,
    });
    await network.stop(b);
    await t.throwsAsync(transportA.probe(b, 5000), { code: 'unavailable' });
    await t.throwsAsync(transportA.probe(nodeId('unknown'), 5000), { code: 'unknown-member' });
  });

  on('a refused hello keeps the nodes apart until it is accepted', async (t, network) => {
    const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
    let refused = 0;
    nodeB.refuse = () => {
      refused += 1;
      return new Error('an older incarnation');
    };
    await network.start(a, nodeA);
    await network.start(b, nodeB);
    await network.until(() => refused >= 2);
    t.false(nodeA.events.some((event) => event.startsWith('connected')));
    t.deepEqual(
      nodeB.events.filter((event) => event.startsWith('connected')),
      [],
    );
    nodeB.refuse = null;
    await network.until(() => nodeA.events.includes('connected b start-b'));
    t.true(nodeB.identities.length >= 1);
  });

  on(
    'a snapshot comes whole and in order; a refusal and a death of the sender are heard',
    async (t, network) => {
      const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
      const transportA = await network.start(a, nodeA);
      await network.start(b, nodeB);
      const point = { index: logIndex(9), term: term(3) };
      async function* chunks(count: number): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < count; i++) yield Buffer.alloc(1000, i);
      }
      const outgoing = (count: number) => ({
        point,
        term: term(4),
        header: Buffer.from('header'),
        chunks: chunks(count),
      });
      const got: Uint8Array[] = [];
      nodeB.takeSnapshot = async (from, incoming) => {
        t.deepEqual(
          [from, incoming.point, incoming.term, Buffer.from(incoming.header).toString()],
          [a, point, term(4), 'header'],
        );
        for await (const chunk of incoming.chunks) got.push(chunk);
      };
      await transportA.sendSnapshot(b, outgoing(20));
      t.is(got.length, 20);
      t.true(got.every((chunk, i) => chunk.length === 1000 && chunk[0] === i && chunk[999] === i));

      nodeB.takeSnapshot = async () => {
        throw new Error('not now');
      };
      await t.throwsAsync(transportA.sendSnapshot(b, outgoing(3)), {
        code: 'unavailable',
        message: /not now/,
      });

      let broken = '';
      let begun = false;
      nodeB.takeSnapshot = async (_from, incoming) => {
        try {
          for await (const chunk of incoming.chunks) begun = chunk.length > 0;
          broken = 'ended as if whole';
        } catch {
          broken = 'told';
        }
      };
      async function* endless(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(10);
        await network.until(() => begun);
        await network.stop(a);
        yield Buffer.alloc(10);
      }
      await t.throwsAsync(transportA.sendSnapshot(b, { ...outgoing(0), chunks: endless() }), {
        code: 'closed',
      });
      await network.until(() => broken !== '');
      t.is(broken, 'told');
    },
  );

  on('a receiver that takes its time over a snapshot holds up no messages', async (t, network) => {
    const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
    const transportA = await network.start(a, nodeA);
    await network.start(b, nodeB);
    await network.until(() => nodeA.events.includes('connected b start-b'));
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let taken = 0;
    let made = 0;
    nodeB.takeSnapshot = async (_from, incoming) => {
      for await (const chunk of incoming.chunks) {
        taken += chunk.length;
        await gate;
      }
    };
    const chunk = Buffer.alloc(1024 * 1024, 7);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (; made < 64; made++) yield chunk;
    }
    const point = { index: logIndex(1), term: term(1) };
    const sent = transportA.sendSnapshot(b, {
      point,
      term: term(1),
      header: Buffer.alloc(0),
      chunks: chunks(),
    });
    await network.until(() => taken > 0);
    for (const number of upTo(100)) transportA.send(b, numbered(a, b, number));
    await network.until(() => nodeB.messages.length === 100);
    t.true(made < 40, `the sender was ${made} chunks ahead of a receiver that stands still`);
    go();
    await sent;
    t.is(taken, 64 * chunk.length);
  });

  on('three nodes, and one that leaves the membership', async (t, network) => {
    const nodes = [new Recorder(a), new Recorder(b), new Recorder(c)] as const;
    const transports = [];
    for (const [i, id] of [a, b, c].entries()) transports.push(await network.start(id, nodes[i]!));
    await network.until(() =>
      nodes.every((node) => node.events.filter((e) => e.startsWith('connected')).length === 2),
    );
    transports[0]!.setPeers(new Map());
    transports[0]!.send(b, numbered(a, b, 1));
    transports[2]!.send(b, numbered(c, b, 2));
    await network.until(() => nodes[1].messages.length === 1);
    t.deepEqual(numbers(nodes[1]), [2]);
  });
}
