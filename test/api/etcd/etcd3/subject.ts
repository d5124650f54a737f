import type { ExecutionContext, TestFn } from 'ava';
import { Etcd3, type IKeyValue, type Namespace, type Watcher } from 'etcd3';
import { leaseMethods } from '../../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../differential/raw-client.ts';

export interface Etcd3Server {
  readonly endpoints: readonly string[];
  stop(): Promise<void>;
}

export interface Etcd3Suite {
  /** A test with a client and a namespace that no other test uses. */
  test(
    title: string,
    act: (t: ExecutionContext, namespace: Namespace, whole: Etcd3, atOneMember: Namespace) => Promise<void>,
    needs?: 'leases',
  ): void;
}

/** `start` gives null, and says why, where there is no such server. */
export function etcd3Suite(
  test: TestFn,
  name: string,
  start: (t: Pick<ExecutionContext, 'log'>) => Promise<Etcd3Server | null>,
): Etcd3Suite {
  let server: Etcd3Server | null = null;
  let client: Etcd3;
  let ofOne: Etcd3;
  let leases = false;
  let tests = 0;
  test.before(async (t) => {
    t.timeout(60_000);
    server = await start(t);
    if (server === null) return;
    client = new Etcd3({ hosts: [...server.endpoints] });
    ofOne = new Etcd3({ hosts: server.endpoints[0]! });
    leases = await hasLeases(server.endpoints[0]!);
  });
  test.after.always(async () => {
    client?.close();
    ofOne?.close();
    await server?.stop();
  });
  return {
    test: (title, act, needs) => {
      const prefix = `${tests++}/`;
      test(`${name}: ${title}`, async (t) => {
        t.timeout(60_000);
        if (server === null) t.log('skipped: the server is not here');
        else if (needs === 'leases' && !leases) t.log('skipped: no leases and watches there yet');
        else await act(t, client.namespace(prefix), client, ofOne.namespace(prefix));
        t.pass();
      });
    },
  };
}

const unimplemented = 12;

/** Leases and watches come together. */
export async function hasLeases(endpoint: string): Promise<boolean> {
  const raw = new RawClient(endpoint);
  const answer = await raw.call(leaseMethods.leaseLeases, {});
  raw.close();
  return !(answer.kind === 'error' && answer.code === unimplemented);
}

/** Resolves with the first `count` events of this name, each as `of` says. */
export function events<T>(
  watcher: Watcher,
  name: 'put' | 'delete',
  count: number,
  of: (kv: IKeyValue, previous?: IKeyValue) => T,
): Promise<T[]> {
  return new Promise((resolve) => {
    const found: T[] = [];
    const take = (kv: IKeyValue, previous?: IKeyValue): void => {
      found.push(of(kv, previous));
      if (found.length === count) resolve(found);
    };
    if (name === 'put') watcher.on('put', take);
    else watcher.on('delete', take);
  });
}
