import { type ErrorCode, TanistError } from '../../foundation/errors.ts';

/** gRPC's codes as far as they tell something that the text does not. */
const grpc = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  dataLoss: 15,
  unauthenticated: 16,
};

/**
 * etcd's texts as codes of ours, without the leading `etcdserver: `. `unknown`: it is said when a proposal may be under way, so a write may
 * have been applied.
 */
const texts: Readonly<Record<string, ErrorCode | 'unknown'>> = {
  'key is not provided': 'key-empty',
  'key not found': 'key-not-found',
  'value is provided': 'invalid-argument',
  'lease is provided': 'invalid-argument',
  'invalid sort option': 'invalid-argument',
  'too many operations in txn request': 'transaction-too-large',
  'duplicate key given in txn request': 'duplicate-key',
  'mvcc: required revision has been compacted': 'revision-compacted',
  'mvcc: required revision is a future revision': 'revision-future',
  'mvcc: database space exceeded': 'disk-full',
  'requested lease not found': 'lease-not-found',
  'lease already exists': 'lease-exists',
  'too large lease TTL': 'lease-ttl-invalid',
  'request is too large': 'value-too-large',
  'too many requests': 'overloaded',
  'no leader': 'no-leader',
  'not leader': 'not-leader',
  'leader changed': 'no-leader',
  'raft proposal dropped': 'no-leader',
  'not capable': 'starting',
  'rpc not supported for learner': 'not-leader',
  'corrupt cluster': 'under-doubt',
  'permission denied': 'policy-forbids',
  'server stopped': 'unknown',
  'request timed out': 'unknown',
  'request timed out, possibly due to previous leader failure': 'unknown',
  'request timed out, possibly due to connection lost': 'unknown',
  'unhealthy cluster': 'unknown',
};

/** An error of etcd's API as one of ours. `mayApply`: the call was a write, so what is unknown is indeterminate. */
export function errorOfEtcd(
  code: number,
  details: string,
  mayApply: boolean,
  options?: { readonly cause?: unknown },
): TanistError {
  const known = texts[details.replace(/^etcdserver: /, '')] ?? byCode(code, details);
  if (known !== 'unknown') return new TanistError(known, details, options);
  if (!mayApply) return new TanistError('unavailable', details, options);
  return new TanistError('indeterminate', `${details}: it may have been applied, or may yet be`, options);
}

function byCode(code: number, details: string): ErrorCode | 'unknown' {
  switch (code) {
    case grpc.invalidArgument:
    case grpc.failedPrecondition:
    case grpc.outOfRange:
      return 'invalid-argument';
    case grpc.resourceExhausted:
      return details.includes('larger than max') ? 'value-too-large' : 'overloaded';
    case grpc.deadlineExceeded:
      return 'deadline-exceeded';
    case grpc.permissionDenied:
    case grpc.unauthenticated:
      return 'policy-forbids';
    case grpc.unimplemented:
      return 'not-tanist';
    case grpc.dataLoss:
      return 'under-doubt';
    default:
      return 'unknown';
  }
}
