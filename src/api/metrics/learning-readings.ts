import type { LearningStatus } from '../../ports/learning-status.ts';
import { counter, gauge, labelled, type Reading, type Scrape } from './reading.ts';

const of =
  (value: (status: LearningStatus) => number | null) =>
  ({ node }: Scrape): number | null => {
    const status = node.learning?.status();
    return status === undefined ? null : value(status);
  };
const known = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;

/** Of the model that the cluster learns; rounds and contributions are the leader's. */
export const learningReadings: readonly Reading[] = [
  labelled(
    'gauge',
    'tanist_model_info',
    'The version of the model that is in use',
    ['name', 'version', 'kind', 'hash', 'parent'],
    ({ node }) => {
      const model = node.learning?.status().model;
      if (model === undefined || model === null) return [];
      const { name, version, kind, hash, parent } = model;
      return [[{ name, version: String(version), kind, hash, parent }, 1]];
    },
  ),
  gauge(
    'tanist_model_version',
    'Its number',
    of((s) => s.model?.version ?? null),
  ),
  gauge(
    'tanist_model_error_ratio',
    'Its error relative to last value, as it was judged when it was made',
    of((s) => known(s.model?.after)),
  ),
  labelled('gauge', 'tanist_learning_state', 'What the learning does', ['state'], ({ node }) => {
    const status = node.learning?.status();
    return status === undefined ? [] : [[{ state: status.state }, 1]];
  }),
  counter(
    'tanist_learning_rounds_total',
    'Rounds of learning that came to a result',
    of((s) => s.rounds),
  ),
  counter(
    'tanist_learning_published_total',
    'Versions published',
    of((s) => s.published),
  ),
  counter(
    'tanist_learning_rejected_total',
    'Rounds whose outcome was not good enough',
    of((s) => s.rejected),
  ),
  counter(
    'tanist_learning_discarded_total',
    'Rounds that ended without a result',
    of((s) => s.discarded),
  ),
  counter(
    'tanist_learning_rolled_back_total',
    'Versions that did worse in use than the one before',
    of((s) => s.rolledBack),
  ),
  counter(
    'tanist_learning_contributions_total',
    'Updates taken from contributors',
    of((s) => s.contributed),
  ),
  counter(
    'tanist_learning_contributions_refused_total',
    'Updates refused',
    of((s) => s.refused),
  ),
  gauge(
    'tanist_learning_contributions_waiting',
    'Updates that wait to be averaged',
    of((s) => s.waiting),
  ),
  gauge(
    'tanist_learning_series',
    'Series that are learnt from',
    of((s) => s.series),
  ),
  gauge(
    'tanist_learning_bytes',
    'Bytes of their windows',
    of((s) => s.bytes),
  ),
  gauge(
    'tanist_learning_cpu_ratio',
    'Part of one core that the last round took',
    of((s) => s.cpuShare),
  ),
];
