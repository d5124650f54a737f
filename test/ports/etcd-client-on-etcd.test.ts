import test from 'ava';
import { etcdClientOnEtcd } from './conformance/subjects.ts';
import { stateClientConformance } from './state-client-conformance.ts';

stateClientConformance(test, 'etcd client on etcd', 'user', etcdClientOnEtcd);
stateClientConformance(test, 'etcd client on etcd', 'planes', etcdClientOnEtcd);
