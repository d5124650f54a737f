import { bytesOfDoubles, doublesOfBytes } from '../../foundation/floats.ts';
import { nodeId } from '../../foundation/ids.ts';
import type { SeriesPast, SeriesPasts } from '../../ports/prediction-status.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readName, writeName } from '../predictions.ts';

const doubleBytes = 8;

export function encodeSeriesReply({ node, series, last, more }: SeriesPasts): Buffer {
  const writer = new WireWriter(1024);
  writer.text(1, node);
  for (const { stepMs, endMs, values, ...name } of series) {
    const mark = writer.begin(2, values.length * doubleBytes + 256);
    const inner = writer.begin(1, 128);
    writeName(writer, name);
    writer.end(inner);
    writer.double(2, stepMs);
    writer.double(3, endMs);
    writer.raw(4, bytesOfDoubles(values));
    writer.end(mark);
  }
  if (last !== null) {
    const mark = writer.begin(3, 128);
    writeName(writer, last);
    writer.end(mark);
  }
  writer.bool(4, more);
  return writer.finish();
}

export function decodeSeriesReply(bytes: Uint8Array): SeriesPasts {
  const reader = new WireReader(bytes);
  let node = '';
  const series: SeriesPast[] = [];
  let last: SeriesPasts['last'] = null;
  let more = false;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) node = reader.text();
    else if (field === 2) series.push(readPast(reader));
    else if (field === 3) last = readName(reader);
    else if (field === 4) more = reader.bool();
    else reader.skip();
  }
  return { node: nodeId(node), series, last, more };
}

function readPast(reader: WireReader): SeriesPast {
  let name: SeriesPasts['last'] = null;
  let stepMs = 0;
  let endMs = 0;
  let values = new Float64Array();
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) name = readName(reader);
    else if (field === 2) stepMs = reader.double();
    else if (field === 3) endMs = reader.double();
    else if (field === 4) {
      const packed = reader.copy();
      if (packed.length % doubleBytes !== 0) throw malformed('the past of a series is cut short');
      values = doublesOfBytes(packed);
    } else reader.skip();
  }
  reader.leave(outer);
  if (name === null) throw malformed('the past of no series');
  return { ...name, stepMs, endMs, values };
}
