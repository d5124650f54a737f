import test from 'ava';
import { native } from './conformance/subjects.ts';
import { stateClientConformance } from './state-client-conformance.ts';

stateClientConformance(test, 'Tanist over gRPC', 'user', native);
stateClientConformance(test, 'Tanist over gRPC', 'planes', native);
