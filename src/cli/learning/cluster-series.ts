import { TanistError } from '../../foundation/errors.ts';
import type { History } from '../../prediction/forecast.ts';
import { openClient } from '../client.ts';

export interface ClusterSeries {
  readonly name: string;
  readonly history: History;
}

/** What a running cluster predicts, under a prefix, as the predictor of one of its nodes remembers it. */
export async function clusterSeries(
  endpoints: readonly string[],
  prefix: string,
  deadlineMs: number,
): Promise<readonly ClusterSeries[]> {
  const client = await openClient(endpoints, { connectMs: deadlineMs, deadlineMs });
  try {
    const found = await client.models.series(prefix, { deadlineMs });
    if (found.length === 0)
      throw new TanistError(
        'invalid-argument',
        `${endpoints.join(',')} predicts no key${prefix === '' ? '' : ` under ${prefix}`}; tanist policy set --predict asks for it`,
      );
    return found.map(({ key, pointer, values, stepMs, endMs }) => ({
      name: `${key} ${pointer}`,
      history: { values, stepMs, endMs },
    }));
  } finally {
    await client.close();
  }
}
