import { bytes, int, lease, message, schema } from '../schema.ts';
import { responseHeader } from './header.ts';
import { keyValue } from './keys.ts';

export const campaignRequest = schema('v3electionpb.CampaignRequest', {
  name: bytes(1),
  lease: lease(2),
  value: bytes(3),
});

export const leaderKey = schema('v3electionpb.LeaderKey', {
  name: bytes(1),
  key: bytes(2),
  rev: int(3),
  lease: lease(4),
});

export const campaignResponse = schema('v3electionpb.CampaignResponse', {
  header: message(1, responseHeader),
  leader: message(2, leaderKey),
});

export const leaderRequest = schema('v3electionpb.LeaderRequest', {
  name: bytes(1),
});

export const leaderResponse = schema('v3electionpb.LeaderResponse', {
  header: message(1, responseHeader),
  kv: message(2, keyValue),
});

export const resignRequest = schema('v3electionpb.ResignRequest', {
  leader: message(1, leaderKey),
});

export const resignResponse = schema('v3electionpb.ResignResponse', {
  header: message(1, responseHeader),
});

export const proclaimRequest = schema('v3electionpb.ProclaimRequest', {
  leader: message(1, leaderKey),
  value: bytes(2),
});

export const proclaimResponse = schema('v3electionpb.ProclaimResponse', {
  header: message(1, responseHeader),
});
