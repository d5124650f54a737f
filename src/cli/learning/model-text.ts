import type { LearningStatus, ModelFacts } from '../../ports/learning-status.ts';
import { figure } from '../terminal/figure.ts';

/** The version in use, a line each: what it is, where it is from, what spoke for it. */
export function modelLines(model: ModelFacts): readonly string[] {
  const { name, version, hash, kind, parent, before, after, judgedSeries, samples, bytes } = model;
  const lines = [
    `${name} version ${version}, ${kind}  sha256 ${hash}`,
    parent === '' ? `${figure(bytes)} bytes; ${model.reason}` : `${figure(bytes)} bytes; made from ${parent}`,
  ];
  if (parent !== '') lines.push(model.reason);
  if (Number.isFinite(after)) {
    const against = parent === '' ? '' : `, of the version before it ${figure(before)}`;
    const on = judgedSeries === 0 ? '' : ` (${judgedBy(model)}, ${judgedSeries} ${countOf(model)})`;
    lines.push(`error ${figure(after)} of last value's${against}${on}`);
  }
  if (samples > 0) lines.push(`${contributorText(model)}${figure(samples)} values learnt from`);
  return lines;
}

function judgedBy({ judgedBy: by }: ModelFacts): string {
  switch (by) {
    case 'contributors':
      return 'as the contributors measured it themselves';
    case 'use':
      return 'in use';
    default:
      return 'on values kept from the training';
  }
}

function countOf({ judgedBy: by, judgedSeries }: ModelFacts): string {
  if (by === 'contributors') return judgedSeries === 1 ? 'contributor' : 'contributors';
  return 'series';
}

function contributorText({ contributors }: ModelFacts): string {
  return contributors === 0 ? '' : `${contributors} contributors, `;
}

/** How the learning goes, in one line. */
export function learningText(status: LearningStatus): string {
  const { state, rounds, published, rejected, discarded, rolledBack, waiting, wanted, contributed } = status;
  const parts = [`learning: ${state}`];
  if (status.series > 0) parts.push(`${figure(status.series)} series to learn from`);
  if (status.leftOut > 0) parts.push(`${figure(status.leftOut)} without room`);
  if (rounds > 0) parts.push(`${rounds} rounds, ${published} published, ${rejected} rejected`);
  if (discarded > 0) parts.push(`${discarded} discarded`);
  if (rolledBack > 0) parts.push(`${rolledBack} rolled back`);
  if (contributed > 0 || status.refused > 0)
    parts.push(
      `${contributed} contributions, ${status.refused} refused, ${waiting} of ${wanted} in this round`,
    );
  if (status.shown > 0) parts.push(`${figure(status.shown)} predictions of failovers learnt from`);
  return parts.join('  ');
}

/** What did not go as it should, if anything. */
export function learningTroubles(status: LearningStatus): readonly string[] {
  const { lastRejection, lastRollBack, lastError } = status;
  const told = [
    ['last rejected', lastRejection],
    ['last rolled back', lastRollBack],
    ['last error', lastError],
  ] as const;
  return told.filter(([, text]) => text !== '').map(([what, text]) => `${what}: ${text}`);
}

/** For scripts. */
export function learningJson({ model, ...rest }: LearningStatus): object {
  return { ...rest, model: model === null ? null : factsJson(model) };
}

function factsJson({ before, after, ...rest }: ModelFacts): object {
  const known = (error: number): number | null => (Number.isFinite(error) ? error : null);
  return { ...rest, before: known(before), after: known(after) };
}
