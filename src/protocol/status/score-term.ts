import type { WireReader } from '../parts/wire-reader.ts';
import type { WireWriter } from '../parts/wire-writer.ts';

export interface ScoreTerm {
  readonly name: string;
  readonly value: number;
  readonly weight: number;
  readonly explanation: string;
}

export function writeScoreTerm(writer: WireWriter, field: number, part: ScoreTerm): void {
  const mark = writer.begin(field);
  writer.text(1, part.name);
  writer.double(2, part.value);
  writer.double(3, part.weight);
  writer.text(4, part.explanation);
  writer.end(mark);
}

export function readScoreTerm(reader: WireReader): ScoreTerm {
  let name = '';
  let value = 0;
  let weight = 0;
  let explanation = '';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        name = reader.text();
        break;
      case 2:
        value = reader.double();
        break;
      case 3:
        weight = reader.double();
        break;
      case 4:
        explanation = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { name, value, weight, explanation };
}
