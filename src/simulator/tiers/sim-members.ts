import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held, Lineage } from '../../ports/replication.ts';
import {
  decodeImageRequest,
  decodeLineage,
  encodeImageRequest,
  encodeLineage,
  type MemberLineage,
} from '../../protocol/operations/promotion.ts';
import type { IncomingImage } from '../../replication/promotion/image-source.ts';
import type { OtherMembers } from '../../replication/promotion/runtimes.ts';
import { type Caller, call, stream } from '../world/remote.ts';
import type { ReachedMember, TierWorld } from './tier-world.ts';

const presentDeadlineMs = 1000;

interface Chunk {
  readonly from: NodeId;
  readonly lineage: Lineage;
  readonly sizeBytes: number;
  readonly data: Uint8Array;
}

/** Other members over the simulated network, in the production encoding. */
export function simMembers(world: TierWorld, from: Caller): OtherMembers {
  const { network } = world;
  const ask = async (
    { id }: MemberFacts,
    deadlineMs: number,
    act: (member: ReachedMember) => Promise<MemberLineage> | MemberLineage,
  ): Promise<MemberLineage | null> => {
    try {
      const answer = (member: ReachedMember): Promise<Buffer> =>
        Promise.resolve(act(member)).then((said) => encodeLineage(said));
      return decodeLineage(await call(network, from, id, () => world.member(id), deadlineMs, answer));
    } catch {
      return null;
    }
  };
  return {
    ask: (member, deadlineMs) => ask(member, deadlineMs, ({ supervisor }) => supervisor.said()),
    present: (member, own) =>
      ask(member, presentDeadlineMs, async ({ supervisor }) => {
        await supervisor.presented(decodeLineage(encodeLineage(own)));
        return supervisor.said();
      }),
    image: async ({ id }, self, held, signal): Promise<IncomingImage> => {
      const asked = decodeImageRequest(encodeImageRequest(self, held));
      const chunks = stream(
        network,
        from,
        id,
        () => world.member(id),
        (member) => chunksOf(member, asked.held),
        signal,
      );
      const first = await chunks.next();
      if (first.done === true) throw new Error('an image has a beginning');
      return { ...first.value, from: nodeId(id), chunks: dataOf(chunks) };
    },
  };
}

async function* chunksOf({ supervisor }: ReachedMember, held: Held | null): AsyncGenerator<Chunk> {
  const { id, lineage } = supervisor.said();
  const image = await supervisor.image(held);
  const head = { from: id, lineage, sizeBytes: image.sizeBytes };
  try {
    yield { ...head, data: new Uint8Array(0) };
    for await (const data of image.chunks) yield { ...head, data };
  } finally {
    await image.close();
  }
}

async function* dataOf(chunks: AsyncIterable<Chunk>): AsyncGenerator<Uint8Array> {
  for await (const { data } of chunks) yield data;
}
