/**
 * Every error a user can meet has a stable code. `retryable`: the same call may succeed later, and nothing of it has been
 * applied. `indeterminate`: it may or may not have been applied (promise 3); never retry it without a session.
 */
const kinds = {
  // of a request
  'invalid-argument': { retryable: false, indeterminate: false },
  'key-empty': { retryable: false, indeterminate: false },
  'key-too-large': { retryable: false, indeterminate: false },
  'value-too-large': { retryable: false, indeterminate: false },
  'transaction-too-large': { retryable: false, indeterminate: false },
  'range-too-large': { retryable: false, indeterminate: false },
  'duplicate-key': { retryable: false, indeterminate: false },
  'key-not-found': { retryable: false, indeterminate: false },
  'revision-compacted': { retryable: false, indeterminate: false },
  'revision-future': { retryable: false, indeterminate: false },
  'lease-not-found': { retryable: false, indeterminate: false },
  'lease-exists': { retryable: false, indeterminate: false },
  'lease-ttl-invalid': { retryable: false, indeterminate: false },
  'policy-not-found': { retryable: false, indeterminate: false },
  'policy-forbids': { retryable: false, indeterminate: false },
  'unknown-member': { retryable: false, indeterminate: false },
  'member-exists': { retryable: false, indeterminate: false },
  'member-removed': { retryable: false, indeterminate: false },
  'address-taken': { retryable: false, indeterminate: false },
  'not-a-learner': { retryable: false, indeterminate: false },
  'already-in-tier': { retryable: false, indeterminate: false },
  'too-many-learners': { retryable: false, indeterminate: false },
  'learner-not-ready': { retryable: true, indeterminate: false },
  'quorum-at-risk': { retryable: true, indeterminate: false },
  'quorum-alive': { retryable: false, indeterminate: false },
  'not-confirmed': { retryable: false, indeterminate: false },
  superseded: { retryable: true, indeterminate: false },
  'lineage-conflict': { retryable: false, indeterminate: false },
  'not-held': { retryable: false, indeterminate: false },
  'never-committed': { retryable: false, indeterminate: false },
  // of availability
  'not-leader': { retryable: true, indeterminate: false },
  'no-leader': { retryable: true, indeterminate: false },
  starting: { retryable: true, indeterminate: false },
  stopping: { retryable: true, indeterminate: false },
  overloaded: { retryable: true, indeterminate: false },
  'disk-full': { retryable: true, indeterminate: false },
  'no-space': { retryable: false, indeterminate: false },
  'too-many-sessions': { retryable: true, indeterminate: false },
  'too-many-predictions': { retryable: true, indeterminate: false },
  'too-many-watchers': { retryable: true, indeterminate: false },
  'under-doubt': { retryable: true, indeterminate: false },
  unavailable: { retryable: true, indeterminate: false },
  'transfer-failed': { retryable: true, indeterminate: false },
  'configuration-change-pending': { retryable: true, indeterminate: false },
  'early-write-lost': { retryable: false, indeterminate: false },
  // of prediction
  'prediction-failed': { retryable: false, indeterminate: false },
  'model-missing': { retryable: false, indeterminate: false },
  'model-damaged': { retryable: false, indeterminate: false },
  'model-version': { retryable: false, indeterminate: false },
  'model-invalid': { retryable: false, indeterminate: false },
  'model-unknown': { retryable: false, indeterminate: false },
  'already-contributed': { retryable: false, indeterminate: false },
  'learning-off': { retryable: false, indeterminate: false },
  // of mirrors and their origins
  'source-unknown': { retryable: false, indeterminate: false },
  'source-unsupported': { retryable: false, indeterminate: false },
  'secret-missing': { retryable: false, indeterminate: false },
  'resource-missing': { retryable: false, indeterminate: false },
  'origin-unreachable': { retryable: true, indeterminate: false },
  'origin-slow': { retryable: true, indeterminate: false },
  'origin-busy': { retryable: true, indeterminate: false },
  'origin-failed': { retryable: true, indeterminate: false },
  'origin-older': { retryable: true, indeterminate: false },
  'origin-refused': { retryable: false, indeterminate: false },
  'origin-unreadable': { retryable: false, indeterminate: false },
  'origin-too-large': { retryable: false, indeterminate: false },
  'origin-redirects': { retryable: false, indeterminate: false },
  'over-budget': { retryable: true, indeterminate: false },
  'signature-invalid': { retryable: false, indeterminate: false },
  // of dependencies
  'sandbox-exists': { retryable: false, indeterminate: false },
  'sandbox-unknown': { retryable: true, indeterminate: false },
  'integrity-mismatch': { retryable: false, indeterminate: false },
  'upstream-failed': { retryable: true, indeterminate: false },
  // of an unknown outcome
  indeterminate: { retryable: false, indeterminate: true },
  'session-expired': { retryable: false, indeterminate: true },
  'deadline-exceeded': { retryable: true, indeterminate: false },
  cancelled: { retryable: false, indeterminate: false },
  'not-tanist': { retryable: false, indeterminate: false },
  closed: { retryable: false, indeterminate: false },
  // of a node's start
  'config-invalid': { retryable: false, indeterminate: false },
  'port-taken': { retryable: false, indeterminate: false },
  'data-locked': { retryable: false, indeterminate: false },
  'data-of-another-node': { retryable: false, indeterminate: false },
  'data-of-another-cluster': { retryable: false, indeterminate: false },
  'data-format-newer': { retryable: false, indeterminate: false },
  'data-unreadable': { retryable: false, indeterminate: false },
  'data-not-writable': { retryable: false, indeterminate: false },
  'data-not-empty': { retryable: false, indeterminate: false },
  'data-damaged': { retryable: false, indeterminate: false },
  'storage-failed': { retryable: false, indeterminate: false },
  'duplicate-node': { retryable: false, indeterminate: false },
} as const satisfies Record<string, { readonly retryable: boolean; readonly indeterminate: boolean }>;

export type ErrorCode = keyof typeof kinds;
export const errorCodes = Object.keys(kinds) as readonly ErrorCode[];

export class TanistError extends Error {
  override readonly name = 'TanistError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly indeterminate: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly indeterminate?: boolean },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.indeterminate = options?.indeterminate ?? kinds[code].indeterminate;
    this.retryable = kinds[code].retryable && !this.indeterminate;
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(kinds, code);
}

/** What was thrown, as an error: anything can be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
