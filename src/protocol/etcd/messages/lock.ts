import { bytes, lease, message, schema } from '../schema.ts';
import { responseHeader } from './header.ts';

export const lockRequest = schema('v3lockpb.LockRequest', {
  name: bytes(1),
  lease: lease(2),
});

export const lockResponse = schema('v3lockpb.LockResponse', {
  header: message(1, responseHeader),
  key: bytes(2),
});

export const unlockRequest = schema('v3lockpb.UnlockRequest', {
  key: bytes(1),
});

export const unlockResponse = schema('v3lockpb.UnlockResponse', {
  header: message(1, responseHeader),
});
