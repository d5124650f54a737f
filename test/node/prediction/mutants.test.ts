import { testEachMutant } from '../../each-mutant.ts';
import { b, del, put } from '../../state/commands.ts';
import { Stream } from './stream.ts';

/** What is left of a key that was deleted, in words. */
async function leftOfDeleted(): Promise<readonly string[]> {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 10, () => '5');
  await stream.step(put('p/y', '1'));
  const { prediction } = stream;
  const [tracked] = [...prediction.tracked].filter(({ key }) => key === b('p/x'));
  const { id } = tracked!.fields[0]!;
  if (prediction.table.row(id) === null) return ['it was not forecast'];
  await stream.step(del('p/x'));
  const wrong: string[] = [];
  if (prediction.table.row(id) !== null) wrong.push('its row');
  const { ready, series } = prediction.status();
  if (ready > series) wrong.push(`${ready} forecasts of ${series} series`);
  return wrong;
}

testEachMutant({ 'table-keeps-forgotten': leftOfDeleted });
