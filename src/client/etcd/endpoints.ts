import { Client, connectivityState, credentials } from '@grpc/grpc-js';
import { present } from '../../foundation/assert.ts';
import { dialTarget } from '../../protocol/dial-target.ts';

/** etcd ends connections that ping more often than every 5 s. */
const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};
const lookAgainMs = 5;

export interface Endpoint {
  readonly address: string;
  readonly client: Client;
}

/** A connection to every endpoint. Calls go to one of them for as long as it serves, so that what a caller reads does not go back in time. */
export class Endpoints {
  /** The one in use first. */
  #order: Endpoint[];
  #closed = false;

  constructor(addresses: readonly string[]) {
    this.#order = addresses.map((address) => ({
      address,
      client: new Client(dialTarget(address), credentials.createInsecure(), channelOptions),
    }));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** One that is connected; null when there is none until `giveUpMs` (of `performance.now`), the signal aborts or all are closed. */
  async connected(giveUpMs: number, signal: AbortSignal | undefined): Promise<Endpoint | null> {
    for (;;) {
      if (this.#closed || signal?.aborted) return null;
      for (const endpoint of this.#order)
        if (endpoint.client.getChannel().getConnectivityState(true) === connectivityState.READY) {
          this.#prefer(endpoint);
          return endpoint;
        }
      if (performance.now() >= giveUpMs) return null;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** It did not serve: others first. */
  suspect(endpoint: Endpoint): void {
    this.#order = [...this.#order.filter((each) => each !== endpoint), endpoint];
  }

  toString(): string {
    return this.#order.map(({ address }) => address).join(', ');
  }

  close(): void {
    this.#closed = true;
    for (const { client } of this.#order) client.close();
  }

  #prefer(endpoint: Endpoint): void {
    if (present(this.#order[0], 'there is an endpoint') === endpoint) return;
    this.#order = [endpoint, ...this.#order.filter((each) => each !== endpoint)];
  }
}
