import type { ServedNode } from '../../node/served-node.ts';
import { etcdClusterVersion, etcdVersion } from '../etcd/maintenance/etcd-version.ts';
import { version } from '../version.ts';
import { type Routes, replyJson } from './route.ts';

/** `/role` says which, `/primary` and `/replica` answer 200 or 503 for load balancers. A replica that knows no leader is none. */
export function roleRoutes(node: ServedNode): Routes {
  return [
    [
      '/role',
      (_, response) => {
        const { open, raft, applied } = node.inspect();
        const role = open ? 'primary' : 'replica';
        const { tier } = node;
        replyJson(response, 200, { role, tier, id: raft.id, leader: raft.leader, term: raft.term, applied });
      },
    ],
    [
      '/primary',
      (_, response) => {
        const { open, raft } = node.inspect();
        replyJson(response, open ? 200 : 503, { role: open ? 'primary' : 'replica', leader: raft.leader });
      },
    ],
    [
      '/replica',
      (_, response) => {
        const { open, raft, restoring } = node.inspect();
        const role = open ? 'primary' : 'replica';
        // One beyond the quorum serves what it holds, whoever leads.
        const serves = node.tier === 'hot' ? !open && raft.leader !== null : !restoring;
        replyJson(response, serves ? 200 : 503, { role, leader: raft.leader });
      },
    ],
  ];
}

/** What etcd's clients look at before they choose a dialect; and our own. */
export const versionRoutes: Routes = [
  [
    '/version',
    (_, response) =>
      replyJson(response, 200, { etcdserver: etcdVersion, etcdcluster: etcdClusterVersion, tanist: version }),
  ],
];
