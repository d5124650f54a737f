import { assert } from './assert.ts';
import { buildKind } from './build-kind.ts';

/**
 * Deliberate faults that prove the checks: each is one `if (mutant.active === '…')` in the code it spoils, and a test shows that
 * the simulator finds it. The list is the whole of them; a release build can turn none on.
 */
export const mutantNames = [
  'vote-without-up-to-date-check',
  'vote-before-durable',
  'vote-lost-at-restart',
  'vote-twice-in-term',
  'commit-earlier-term-by-counting',
  'acknowledge-before-sync',
  'keep-conflicting-suffix',
  'count-learner',
  'single-quorum-in-joint-change',
  'apply-twice-after-restart',
  'read-without-quorum-round',
  'read-joins-earlier-round',
  'reuse-session-number',
  'drop-session-results',
  'lease-by-local-clock',
  'lease-reset-at-failover',
  'drop-watch-event-at-resume',
  'watch-duplicate-at-resume',
  'succession-ignores-log',
  'snapshot-one-index-off',
  'compaction-past-watcher',
  'compaction-hides-live',
  'stale-digest',
  'skip-check-quorum',
  'ignore-store-identity',
  'torn-tail-hides-damage',
  'image-before-log',
  'commit-beyond-match',
  'cluster-time-goes-back',
  'early-acknowledgement-as-durable',
  'cold-digest-ignored',
  'cold-row-checksum-ignored',
  'cold-scrub-ignores-digest',
  'cold-leftovers-kept',
  'cold-merge-ahead',
  'cold-deletions-forgotten',
  'tier-hysteresis-ignored',
  'tier-grace-ignored',
  'forced-without-new-epoch',
  'old-epoch-accepted',
  'revisions-not-moved-on',
  'warm-digest-ignored',
  'warm-mark-before-deltas',
  'delta-stream-resumes-late',
  'digest-of-earlier-image',
  'digest-half-applied',
  'minority-verdict',
  'quarantined-campaigns',
  'quarantined-serves',
  'rescued-log-votes',
  'removed-id-returns',
  'two-changes-at-once',
  'several-voters-in-one-step',
  'promote-out-of-sync',
  'facts-at-append',
  'read-half-applied',
  'watch-half-applied',
  'image-half-applied',
  'mark-half-applied',
  'warm-keeps-lost-ranges',
  'scan-misses-deltas',
  'compaction-past-follower',
  'replace-keeps-old-values',
  'fencing-forgotten',
  'fork-not-saved',
  'forced-beside-quorum',
  'prediction-into-user',
  'prediction-survives-write',
  'prediction-past-valid-until',
  'prediction-of-older-revision',
  'prediction-in-user-digest',
  'prediction-bumps-user-revision',
  'prediction-not-restored',
] as const;

export type MutantName = (typeof mutantNames)[number];

export const mutant: { readonly active: MutantName | null } = { active: null };

export function activateMutant(name: MutantName | null): void {
  assert(buildKind === 'test', 'mutants exist only in test builds');
  (mutant as { active: MutantName | null }).active = name;
}
