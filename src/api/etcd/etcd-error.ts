import { status } from '@grpc/grpc-js';
import { type ErrorCode, TanistError } from '../../foundation/errors.ts';
import { InvalidSortOption } from '../../protocol/etcd/kv/read-requests.ts';
import { MalformedMessage } from '../../protocol/parts/wire-reader.ts';

/** etcd's own gRPC codes and texts; clients match them character by character. */
const errors = {
  keyNotProvided: [status.INVALID_ARGUMENT, 'etcdserver: key is not provided'],
  keyNotFound: [status.INVALID_ARGUMENT, 'etcdserver: key not found'],
  valueProvided: [status.INVALID_ARGUMENT, 'etcdserver: value is provided'],
  leaseProvided: [status.INVALID_ARGUMENT, 'etcdserver: lease is provided'],
  tooManyOperations: [status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
  duplicateKey: [status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
  invalidSortOption: [status.INVALID_ARGUMENT, 'etcdserver: invalid sort option'],
  compacted: [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
  noSpace: [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
  leaseNotFound: [status.NOT_FOUND, 'etcdserver: requested lease not found'],
  leaseExists: [status.FAILED_PRECONDITION, 'etcdserver: lease already exists'],
  leaseTtlTooLarge: [status.OUT_OF_RANGE, 'etcdserver: too large lease TTL'],
  watchCanceled: [status.CANCELLED, 'etcdserver: watch canceled'],
  memberExists: [status.FAILED_PRECONDITION, 'etcdserver: member ID already exist'],
  peerUrlExists: [status.FAILED_PRECONDITION, 'etcdserver: Peer URLs already exists'],
  // etcd's table of codes does not have it.
  memberNotEnoughStarted: [
    status.UNKNOWN,
    'etcdserver: re-configuration failed due to not enough started members',
  ],
  memberBadUrls: [status.INVALID_ARGUMENT, 'etcdserver: given member URLs are invalid'],
  memberNotFound: [status.NOT_FOUND, 'etcdserver: member not found'],
  memberNotLearner: [status.FAILED_PRECONDITION, 'etcdserver: can only promote a learner member'],
  learnerNotReady: [
    status.FAILED_PRECONDITION,
    'etcdserver: can only promote a learner member which is in sync with leader',
  ],
  tooManyLearners: [status.FAILED_PRECONDITION, 'etcdserver: too many learner members in cluster'],
  requestTooLarge: [status.INVALID_ARGUMENT, 'etcdserver: request is too large'],
  tooManyRequests: [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'],
  rootUserNotExist: [status.FAILED_PRECONDITION, 'etcdserver: root user does not exist'],
  rootRoleNotExist: [status.FAILED_PRECONDITION, 'etcdserver: root user does not have root role'],
  userExists: [status.FAILED_PRECONDITION, 'etcdserver: user name already exists'],
  userEmpty: [status.INVALID_ARGUMENT, 'etcdserver: user name is empty'],
  userNotFound: [status.FAILED_PRECONDITION, 'etcdserver: user name not found'],
  roleExists: [status.FAILED_PRECONDITION, 'etcdserver: role name already exists'],
  roleNotFound: [status.FAILED_PRECONDITION, 'etcdserver: role name not found'],
  roleEmpty: [status.INVALID_ARGUMENT, 'etcdserver: role name is empty'],
  authFailed: [status.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password'],
  permissionDenied: [status.PERMISSION_DENIED, 'etcdserver: permission denied'],
  roleNotGranted: [status.FAILED_PRECONDITION, 'etcdserver: role is not granted to the user'],
  permissionNotGiven: [status.INVALID_ARGUMENT, 'etcdserver: permission not given'],
  invalidAuthManagement: [status.INVALID_ARGUMENT, 'etcdserver: invalid auth management'],
  permissionNotGranted: [status.FAILED_PRECONDITION, 'etcdserver: permission is not granted to the role'],
  authNotEnabled: [status.FAILED_PRECONDITION, 'etcdserver: authentication is not enabled'],
  invalidAuthToken: [status.UNAUTHENTICATED, 'etcdserver: invalid auth token'],
  noLeader: [status.UNAVAILABLE, 'etcdserver: no leader'],
  notLeader: [status.FAILED_PRECONDITION, 'etcdserver: not leader'],
  leaderChanged: [status.UNAVAILABLE, 'etcdserver: leader changed'],
  notCapable: [status.UNAVAILABLE, 'etcdserver: not capable'],
  stopped: [status.UNAVAILABLE, 'etcdserver: server stopped'],
  timeout: [status.UNAVAILABLE, 'etcdserver: request timed out'],
  timeoutDueToLeaderFail: [
    status.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to previous leader failure',
  ],
  timeoutDueToConnectionLost: [
    status.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to connection lost',
  ],
  unhealthy: [status.UNAVAILABLE, 'etcdserver: unhealthy cluster'],
  corrupt: [status.DATA_LOSS, 'etcdserver: corrupt cluster'],
  badLeaderTransferee: [status.FAILED_PRECONDITION, 'etcdserver: bad leader transferee'],
  downgradeFormat: [status.INVALID_ARGUMENT, 'etcdserver: wrong downgrade target version format'],
  downgradeTarget: [status.INVALID_ARGUMENT, 'etcdserver: invalid downgrade target version'],
  noDowngrade: [status.FAILED_PRECONDITION, 'etcdserver: no inflight downgrade job'],
  notSupportedForLearner: [status.UNAVAILABLE, 'etcdserver: rpc not supported for learner'],
} as const satisfies Record<string, readonly [code: status, text: string]>;

export type EtcdErrorName = keyof typeof errors;

/** Ends a call as grpc-js takes it: `code` and `details`. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly code: status;
  readonly details: string;
  /** What it was before it became etcd's. */
  readonly failure: Failure | null;

  constructor(code: status, details: string, failure: Failure | null = null) {
    super(details);
    this.code = code;
    this.details = details;
    this.failure = failure;
  }
}

export function etcdError(name: EtcdErrorName, failure: Failure | null = null): EtcdError {
  const [code, text] = errors[name];
  return new EtcdError(code, text, failure);
}

/** What fails with one of our codes: a TanistError, a failed result, a refused proposal. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly indeterminate?: boolean;
}

/** The one way from our errors to etcd's. */
export function toEtcdError(failure: Failure): EtcdError {
  const indeterminate = failure.indeterminate === true || failure.code === 'indeterminate';
  // Others may hold it: clients take what is unavailable there.
  if (failure.code === 'not-held') return new EtcdError(status.UNAVAILABLE, failure.message, failure);
  const name = nameOf(failure.code, indeterminate);
  return name === null
    ? new EtcdError(status.INVALID_ARGUMENT, failure.message, failure)
    : etcdError(name, failure);
}

/** The same for what was caught. */
export function caughtAsEtcdError(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error;
  // As grpc-go ends a call whose request it cannot decode.
  if (error instanceof MalformedMessage)
    return new EtcdError(status.INTERNAL, `grpc: error unmarshalling request: ${error.message}`);
  if (error instanceof InvalidSortOption) return etcdError('invalidSortOption');
  if (error instanceof TanistError) return toEtcdError(error);
  return new EtcdError(status.INTERNAL, `internal error: ${String(error)}`);
}

/** The same where it ends a stream. */
export function endOfStream(error: unknown): EtcdError {
  if (!(error instanceof MalformedMessage)) return caughtAsEtcdError(error);
  return new EtcdError(status.INTERNAL, `grpc: failed to unmarshal the received message ${error.message}`);
}

/** Null: the caller's mistake in a way that etcd has no text for. */
function nameOf(code: ErrorCode, indeterminate: boolean): EtcdErrorName | null {
  if (indeterminate) return 'timeoutDueToLeaderFail';
  switch (code) {
    case 'key-empty':
      return 'keyNotProvided';
    case 'key-not-found':
      return 'keyNotFound';
    case 'key-too-large':
    case 'value-too-large':
      return 'requestTooLarge';
    case 'transaction-too-large':
      return 'tooManyOperations';
    case 'duplicate-key':
      return 'duplicateKey';
    case 'revision-compacted':
      return 'compacted';
    case 'revision-future':
      return 'futureRevision';
    case 'lease-not-found':
      return 'leaseNotFound';
    case 'lease-exists':
      return 'leaseExists';
    case 'lease-ttl-invalid':
      return 'leaseTtlTooLarge';
    case 'unknown-member':
    case 'member-removed':
      return 'memberNotFound';
    case 'member-exists':
      return 'memberExists';
    case 'address-taken':
      return 'peerUrlExists';
    case 'not-a-learner':
      return 'memberNotLearner';
    case 'learner-not-ready':
      return 'learnerNotReady';
    case 'too-many-learners':
      return 'tooManyLearners';
    case 'quorum-at-risk':
      return 'memberNotEnoughStarted';
    case 'not-leader':
      return 'notLeader';
    case 'no-leader':
      return 'noLeader';
    case 'stopping':
    case 'closed':
      return 'stopped';
    case 'overloaded':
    case 'too-many-sessions':
    case 'too-many-watchers':
    case 'too-many-predictions':
    case 'range-too-large':
      return 'tooManyRequests';
    case 'disk-full':
    case 'no-space':
      return 'noSpace';
    case 'under-doubt':
      return 'corrupt';
    case 'configuration-change-pending':
      return 'unhealthy';
    case 'transfer-failed':
    case 'deadline-exceeded':
      return 'timeout';
    case 'invalid-argument':
    case 'policy-not-found':
    case 'policy-forbids':
      return null;
    default:
      return 'unhealthy';
  }
}
