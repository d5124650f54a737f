import test from 'ava';
import { inProcess } from './conformance/subjects.ts';
import { stateClientConformance } from './state-client-conformance.ts';

stateClientConformance(test, 'inside the leader', 'user', inProcess('leader'));
stateClientConformance(test, 'inside the leader', 'planes', inProcess('leader'));
