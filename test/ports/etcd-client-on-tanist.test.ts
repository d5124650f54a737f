import test from 'ava';
import { etcdClientOnTanist } from './conformance/subjects.ts';
import { stateClientConformance } from './state-client-conformance.ts';

stateClientConformance(test, 'etcd client on Tanist', 'user', etcdClientOnTanist);
stateClientConformance(test, 'etcd client on Tanist', 'planes', etcdClientOnTanist);
