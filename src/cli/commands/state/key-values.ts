import { revision } from '../../../foundation/ids.ts';
import type { ClientKeyValue, RangeOptions } from '../../../ports/state-client.ts';
import { leaseText } from '../../terminal/arguments.ts';
import { printable } from '../../terminal/json.ts';
import { UsageError } from '../../terminal/usage-error.ts';
import type { GetOptions } from './get-options.ts';

export function rangeOptions(
  rangeEnd: string | undefined,
  options: { readonly prefix?: boolean },
): { readonly rangeEnd?: string; readonly prefix?: boolean } {
  if (rangeEnd !== undefined && options.prefix === true)
    throw new UsageError('a range end and --prefix exclude each other');
  if (rangeEnd !== undefined) return { rangeEnd };
  return options.prefix === true ? { prefix: true } : {};
}

const bounds = ['minModRevision', 'maxModRevision', 'minCreateRevision', 'maxCreateRevision'] as const;

/** Of a read's options those that were given. */
export function orderAndBounds(
  options: Omit<GetOptions, 'consistency'>,
): Pick<RangeOptions, 'order' | 'sortBy' | (typeof bounds)[number]> {
  const given = bounds.flatMap((name) => {
    const at = options[name];
    return at === undefined ? [] : [[name, revision(at)] as const];
  });
  return {
    ...(options.order === undefined ? {} : { order: options.order }),
    ...(options.sortBy === undefined ? {} : { sortBy: options.sortBy }),
    ...Object.fromEntries(given),
  };
}

export function consistencyOf(text: string): 'linearizable' | 'serializable' | 'predicted' {
  if (text === 'linearizable' || text === 'serializable' || text === 'predicted') return text;
  throw new UsageError(`--consistency: must be linearizable, serializable or predicted, not "${text}"`);
}

export function keyValueJson(value: ClientKeyValue): object {
  return {
    key: printable(value.key),
    value: printable(value.value),
    createRevision: value.createRevision,
    modRevision: value.modRevision,
    version: value.version,
    lease: value.lease === 0n ? null : leaseText(value.lease),
  };
}

/** A line for the key and one for the value, as etcdctl prints them. */
export function keyValueLines(value: ClientKeyValue, keysOnly = false): readonly string[] {
  return keysOnly ? [printable(value.key)] : [printable(value.key), printable(value.value)];
}
