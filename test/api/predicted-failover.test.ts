import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type HotNode, startHotNode } from '../../src/api/start/start-node.ts';
import { connect, type LostPut } from '../../src/client/index.ts';
import { emptyBytes, textOf } from '../../src/foundation/bytes.ts';
import { clusterTimeMs } from '../../src/foundation/ids.ts';
import { freePorts } from '../../src/local/ports.ts';
import { parseClusterConfig } from '../../src/node/config/config.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import type { PredictionSource } from '../../src/ports/prediction.ts';
import type { StateMachine } from '../../src/state/state-machine.ts';
import { openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { b, prediction } from '../state/commands.ts';

/** Predicts every number as the next one, for a minute. */
function counting(state: () => StateMachine | null): PredictionSource {
  return {
    preApply: (nowMs) =>
      (state()?.valuesOf('user', emptyBytes, null) ?? []).map(({ key, value, modRevision }) => {
        const mean = Number(textOf(value)) + 1;
        return prediction(textOf(key), modRevision, {
          value: b(String(mean)),
          madeAtMs: nowMs,
          forMs: nowMs,
          validUntilMs: clusterTimeMs(nowMs + 60_000),
          fields: [{ pointer: '', mean, lower: mean, upper: mean }],
        });
      }),
  };
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

test('of puts that were lost with their leader the successor has a prediction, made from the last that was not', async (t) => {
  t.timeout(60_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-gap-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const ports = await freePorts(9);
  const [client0, client1, client2] = ports;
  const config = parseClusterConfig(
    JSON.stringify({
      cluster: 'gap',
      timing: { electionMs: 2000, suspicionFloorMs: 1500, suspicionCeilingMs: 2000 },
      nodes: [client0, client1, client2].map((client, i) => ({
        id: `n${i}`,
        client,
        peer: ports[3 + i],
        http: ports[6 + i],
      })),
    }),
  );
  const stops = new Map<string, () => Promise<void>>();
  t.teardown(() => Promise.all([...stops.values()].map((stop) => stop())));
  const start = async (id: string): Promise<HotNode> => {
    const dataFolder = join(folder, id);
    const disk = await openLevelDisk(dataFolder, { reserveBytes: 0 });
    let node: HotNode | null = null;
    const predictions = counting(() => node?.node.state ?? null);
    node = await startHotNode({ config, id, dataFolder, nodeLog: silentLog, disk, predictions });
    const { stop } = node;
    stops.set(id, async () => {
      stops.delete(id);
      await stop(false);
      await disk.close();
    });
    return node;
  };
  const nodes = await Promise.all(['n0', 'n1', 'n2'].map(start));
  const endpoints = config.nodes.map((node) => node.client);
  const writer = await connect({ endpoints });
  await writer.setPolicy('load/', { acknowledge: 'leader' });
  const { revision } = await writer.put('load/a', '7');
  await writer.putEarly('load/a', '8').then(({ committed }) => committed);
  // What a successor predicts it makes of what it has applied.
  const behind = () => nodes.some(({ node }) => node.state.revision('user') <= revision);
  while (behind()) await new Promise((resolve) => setImmediate(resolve));
  const { leader } = writer.routing() ?? { leader: '' };
  const others = ['n0', 'n1', 'n2'].filter((id) => id !== leader);
  for (const id of others) await stops.get(id)?.();
  // The leader does not know yet that it is alone.
  const lost: LostPut[] = [];
  writer.on('lost', (puts) => lost.push(...puts));
  const put = await writer.putEarly('load/a', '9');
  put.committed.catch(() => {});
  t.true(put.early);
  await stops.get(leader ?? '')?.();
  await writer.close({ drainMs: 0 });
  t.deepEqual(
    lost.map(({ key, value }) => [text(key), text(value)]),
    [['load/a', '9']],
  );

  await Promise.all(others.map(start));
  const reader = await connect({ endpoints });
  t.teardown(() => reader.close({ drainMs: 0 }));
  const { values } = await reader.get('load/a');
  t.is(text(values[0]?.value), '8', 'what is true is what was committed');
  const predicted = await reader.get('load/a', { consistency: 'predicted', minConfidence: 0.5 });
  t.deepEqual(
    predicted.predictions.map(({ value, last }) => [text(value), text(last.value), last.modRevision]),
    [['9', '8', revision + 1]],
  );
  await reader.put('load/a', '10');
  t.deepEqual((await reader.get('load/a', { consistency: 'predicted' })).predictions, []);
});
