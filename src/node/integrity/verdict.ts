import { type LogIndex, logIndex, type NodeId, nodeId } from '../../foundation/ids.ts';
import { markedRows } from '../peers/context-rows.ts';

/** A leader's word: the image of this generation is not what the majority has. */
export interface Verdict {
  readonly id: NodeId;
  readonly generation: string;
  readonly index: LogIndex;
  /** The majority's digest at `index`; empty: an operator says that it is wrong. */
  readonly digest: string;
}

const mark = 'odd';

/** As rows beside those of `peer-view.ts`: whoever does not know them passes over them. */
export function verdictRows(verdicts: Iterable<Verdict>): (string | number)[][] {
  return [...verdicts].map(({ id, generation, index, digest }) => [mark, id, generation, index, digest]);
}

export function parseVerdicts(bytes: Uint8Array): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  for (const [id, generation, index, digest] of markedRows(bytes, mark)) {
    if (typeof id !== 'string' || typeof generation !== 'string') continue;
    if (typeof index !== 'number' || typeof digest !== 'string') continue;
    verdicts.push({ id: nodeId(id), generation, index: logIndex(index), digest });
  }
  return verdicts;
}
