import { unreachable } from '../../../foundation/assert.ts';
import { type LeaseId, leaseId } from '../../../foundation/ids.ts';
import type { ClientCompare, ClientOperation, ClientOperationAnswer } from '../../../ports/state-client.ts';
import { leaseNumber } from '../../terminal/arguments.ts';
import { UsageError } from '../../terminal/usage-error.ts';
import { keyValueJson, keyValueLines } from './key-values.ts';

const comparison = /^\s*(version|createRevision|modRevision|value|lease)\((.+)\)\s*(!=|=|<|>)\s*(.*?)\s*$/;

export function parseComparison(text: string): ClientCompare {
  const [, target, key = '', is, right = ''] = comparison.exec(text) ?? [];
  const wrong = (): never => {
    throw new UsageError(
      `--if "${text}": must be like version(KEY) = 0, with version, createRevision, modRevision, value or lease and =, !=, < or >`,
    );
  };
  if (is !== '=' && is !== '!=' && is !== '<' && is !== '>') return wrong();
  const base: Pick<ClientCompare, 'key' | 'is'> = { key: unquoted(key), is };
  if (target === 'value') return { ...base, value: unquoted(right) };
  if (target === 'lease') return { ...base, lease: leaseOf(right, `--if "${text}"`) };
  if (!/^\d+$/.test(right) || !Number.isSafeInteger(Number(right))) return wrong();
  if (target === 'version') return { ...base, version: Number(right) };
  if (target === 'createRevision') return { ...base, createRevision: Number(right) };
  return { ...base, modRevision: Number(right) };
}

export function parseOperation(text: string): ClientOperation {
  const words = splitWords(text);
  const [name, key, value, word, lease] = words;
  if (name === 'put' && key !== undefined && value !== undefined) {
    if (words.length === 3) return { put: key, value };
    if (words.length === 5 && word === 'lease')
      return { put: key, value, lease: leaseOf(lease ?? '', `operation "${text}"`) };
  }
  if (key !== undefined && words.length === 2) {
    if (name === 'get') return { get: key };
    if (name === 'get-prefix') return { get: key, options: { prefix: true } };
    if (name === 'del') return { delete: key };
    if (name === 'del-prefix') return { delete: key, prefix: true };
  }
  throw new UsageError(
    `operation "${text}": must be put KEY VALUE [lease ID], get KEY, get-prefix KEY, del KEY or del-prefix KEY`,
  );
}

/** By spaces, except inside quotes. */
function splitWords(text: string): readonly string[] {
  const open = text.replaceAll(/"[^"]*"|'[^']*'/g, '');
  const quote = /(?:^|\s)(["'])/.exec(open)?.[1];
  if (quote !== undefined) throw new UsageError(`operation "${text}": a ${quote} is not closed`);
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

function leaseOf(word: string, where: string): LeaseId {
  try {
    return leaseId(leaseNumber(word));
  } catch (error) {
    throw new UsageError(`${where}: lease "${word}": ${(error as Error).message}`);
  }
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  const quoted = /^"(.*)"$/.exec(trimmed) ?? /^'(.*)'$/.exec(trimmed);
  return quoted?.[1] ?? trimmed;
}

export function answerJson(answer: ClientOperationAnswer): object {
  switch (answer.kind) {
    case 'put':
      return { kind: 'put', previous: answer.previous === null ? null : keyValueJson(answer.previous) };
    case 'delete':
      return { kind: 'delete', deleted: answer.deleted, previous: answer.previous.map(keyValueJson) };
    case 'get':
      return { kind: 'get', count: answer.count, more: answer.more, values: answer.values.map(keyValueJson) };
    case 'txn':
      return { kind: 'txn', succeeded: answer.succeeded, answers: answer.answers.map(answerJson) };
    default:
      return unreachable(answer);
  }
}

export function answerLines(answer: ClientOperationAnswer): readonly string[] {
  switch (answer.kind) {
    case 'put':
      return ['put OK'];
    case 'delete':
      return [`${answer.deleted} deleted`];
    case 'get':
      return answer.values.flatMap((value) => keyValueLines(value));
    case 'txn':
      return answer.answers.flatMap(answerLines);
    default:
      return unreachable(answer);
  }
}
