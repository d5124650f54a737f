import test from 'ava';
import { inProcess } from './conformance/subjects.ts';
import { stateClientConformance } from './state-client-conformance.ts';

stateClientConformance(test, 'inside a follower', 'user', inProcess('follower'));
stateClientConformance(test, 'inside a follower', 'planes', inProcess('follower'));
