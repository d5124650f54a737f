import { createServer } from 'node:net';
import test from 'ava';
import { connect } from '../../src/client/connect.ts';
import { callError } from '../../src/client/grpc/channel.ts';
import { troubleOf } from '../../src/client/grpc/trouble.ts';

const cases: readonly [string, string][] = [
  [
    'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
    'nothing listens there (ECONNREFUSED)',
  ],
  [
    'No connection established. Last error: read ECONNRESET (2026-11-20T14:52:27.983Z). Resolution note: ',
    'no connection (read ECONNRESET)',
  ],
  ['Name resolution failed for target dns:nosuch.invalid:1', 'the host name cannot be resolved'],
  ['No addresses resolved. Resolution note: whatever\nit says', 'No addresses resolved.'],
  [
    'Received RST_STREAM with code 0 (Call ended without gRPC status)',
    'it answers, but not as a Tanist node does',
  ],
  ['Connection dropped', 'the connection broke; it may be starting again, try once more'],
];
for (const [details, expected] of cases)
  test(`in plain words: ${details.slice(0, 60)}`, (t) => t.is(troubleOf(details), expected));

test("an error of Node's own streams is an error of the member's, and no crash", (t) => {
  const { code, message } = callError(new Error('Cannot call write after a stream was destroyed'), 'a:1');
  t.is(code, 'unavailable');
  t.is(message, 'a:1: Cannot call write after a stream was destroyed');
});

test('nobody at an endpoint: one line that names it and says what is wrong', async (t) => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  await t.throwsAsync(connect({ endpoints: `127.0.0.1:${port}`, connectMs: 200 }), {
    code: 'unavailable',
    message: `no endpoint answers: 127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`,
  });
});
