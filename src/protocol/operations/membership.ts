import { nodeId } from '../../foundation/ids.ts';
import type { MemberFacts, MemberInfo, MemberRequest } from '../../ports/membership.ts';
import { tiers } from '../../ports/tier.ts';
import { readLabel, writeLabels } from '../parts/labels.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

export interface MembersReply {
  readonly clusterId: string;
  readonly members: readonly MemberInfo[];
}

/** Numbers of `ChangeMemberRequest.Kind`. */
const kinds: readonly MemberRequest['kind'][] = ['add', 'promote', 'remove', 'update', 'tier'];

export function encodeMembersReply({ clusterId, members }: MembersReply): Buffer {
  const writer = new WireWriter(512);
  writer.text(1, clusterId);
  for (const member of members) writeInfo(writer, 2, member);
  return writer.finish();
}

export function decodeMembersReply(bytes: Uint8Array): MembersReply {
  const reader = new WireReader(bytes);
  let clusterId = '';
  const members: MemberInfo[] = [];
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        clusterId = reader.text();
        break;
      case 2:
        members.push(readInfo(reader));
        break;
      default:
        reader.skip();
    }
  }
  return { clusterId, members };
}

export function encodeChangeMember(request: MemberRequest): Buffer {
  const writer = new WireWriter(512);
  writer.uint(1, kinds.indexOf(request.kind));
  const id = request.kind === 'add' ? request.facts.id : request.id;
  const facts = request.kind === 'add' || request.kind === 'update' ? request.facts : {};
  const voter = request.kind === 'add' && request.voter;
  const tier = request.kind === 'tier' ? tierFacts(request) : {};
  writeInfo(writer, 2, { ...nothing, ...facts, ...tier, id, voter, learner: false });
  return writer.finish();
}

/** Fails with `invalid-argument` on anything else. */
export function decodeChangeMember(bytes: Uint8Array): MemberRequest {
  const reader = new WireReader(bytes);
  let kind: MemberRequest['kind'] = 'add';
  let info: MemberInfo = { ...nothing, voter: false, learner: false };
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        kind = reader.oneOf(kinds);
        break;
      case 2:
        info = readInfo(reader);
        break;
      default:
        reader.skip();
    }
  }
  const { voter, learner: _, ...facts } = info;
  const { id } = facts;
  switch (kind) {
    case 'add':
      return { kind, facts: { ...facts, tier: facts.tier || 'hot' }, voter };
    case 'update':
      return { kind, id, facts: givenOf(facts) };
    case 'tier': {
      const to = tiers.find((tier) => tier === facts.tier);
      if (to === undefined) throw malformed(`"${facts.tier}" is no tier: hot, warm or cold`);
      return { kind, id, to, ...(facts.replaces === undefined ? {} : { replaces: facts.replaces }) };
    }
    default:
      return { kind, id };
  }
}

const nothing: MemberFacts = {
  id: nodeId(''),
  name: '',
  peer: '',
  client: '',
  http: '',
  tier: '',
  labels: {},
};

function tierFacts({
  to,
  replaces,
}: Extract<MemberRequest, { readonly kind: 'tier' }>): Partial<MemberFacts> {
  return { tier: to, ...(replaces === undefined ? {} : { replaces }) };
}

/** What is not empty. */
function givenOf(facts: MemberFacts): Partial<Omit<MemberFacts, 'id'>> {
  const { name, peer, client, http, tier, labels } = facts;
  return {
    ...(name === '' ? {} : { name }),
    ...(peer === '' ? {} : { peer }),
    ...(client === '' ? {} : { client }),
    ...(http === '' ? {} : { http }),
    ...(tier === '' ? {} : { tier }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

export function writeInfo(writer: WireWriter, field: number, info: MemberInfo): void {
  const mark = writer.begin(field, 256);
  writer.text(1, info.id);
  writer.text(2, info.name);
  writer.text(3, info.peer);
  writer.text(4, info.client);
  writer.text(5, info.http);
  writer.text(6, info.tier);
  writeLabels(writer, 7, info.labels);
  writer.bool(8, info.voter);
  writer.bool(9, info.learner);
  writer.text(10, info.wanted ?? '');
  writer.text(11, info.replaces ?? '');
  writer.end(mark);
}

export function readInfo(reader: WireReader): MemberInfo {
  const texts = ['', '', '', '', '', ''];
  const labels: Record<string, string> = {};
  let voter = false;
  let learner = false;
  let wanted = '';
  let replaces = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field >= 1 && field <= 6) texts[field - 1] = reader.text();
    else if (field === 7) readLabel(reader, labels);
    else if (field === 8) voter = reader.bool();
    else if (field === 9) learner = reader.bool();
    else if (field === 10) wanted = reader.text();
    else if (field === 11) replaces = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  const [id = '', name = '', peer = '', client = '', http = '', tier = ''] = texts;
  return {
    id: nodeId(id),
    name,
    peer,
    client,
    http,
    tier,
    labels,
    voter,
    learner,
    ...(wanted === 'hot' ? { wanted } : {}),
    ...(replaces === '' ? {} : { replaces: nodeId(replaces) }),
  };
}
