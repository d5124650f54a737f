import { asError } from '../../foundation/errors.ts';
import type { ReplicaReads, StateClient, WatchBatch } from '../../ports/state-client.ts';

export type Connect = () => Promise<StateClient & Partial<AsyncDisposable>>;

type Call<Name extends keyof StateClient> = StateClient[Name] extends (
  ...args: infer Args
) => Promise<infer Answer>
  ? { readonly args: Args; readonly answer: Answer }
  : never;

/** A client that connects when it is called first, and again at the next call where that failed: calls fail as connecting does. Closes what it connected. */
export class LateClient implements StateClient, AsyncDisposable {
  readonly space = 'planes';
  readonly #connect: Connect;
  #connecting: ReturnType<Connect> | null = null;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  async get(...args: Call<'get'>['args']): Promise<Call<'get'>['answer']> {
    return await (await this.#client()).get(...args);
  }

  async put(...args: Call<'put'>['args']): Promise<Call<'put'>['answer']> {
    return await (await this.#client()).put(...args);
  }

  async delete(...args: Call<'delete'>['args']): Promise<Call<'delete'>['answer']> {
    return await (await this.#client()).delete(...args);
  }

  async txn(...args: Call<'txn'>['args']): Promise<Call<'txn'>['answer']> {
    return await (await this.#client()).txn(...args);
  }

  async grantLease(...args: Call<'grantLease'>['args']): Promise<Call<'grantLease'>['answer']> {
    return await (await this.#client()).grantLease(...args);
  }

  async revokeLease(...args: Call<'revokeLease'>['args']): Promise<void> {
    await (await this.#client()).revokeLease(...args);
  }

  async keepLeaseAlive(...args: Call<'keepLeaseAlive'>['args']): Promise<Call<'keepLeaseAlive'>['answer']> {
    return await (await this.#client()).keepLeaseAlive(...args);
  }

  async *watch(...args: Parameters<StateClient['watch']>): AsyncGenerator<WatchBatch, void, undefined> {
    yield* (await this.#client()).watch(...args);
  }

  async replicas(
    ...args: Parameters<NonNullable<StateClient['replicas']>>
  ): Promise<readonly ReplicaReads[]> {
    return (await (await this.#client()).replicas?.(...args)) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = await this.#connecting?.catch(() => null);
    await client?.[Symbol.asyncDispose]?.();
  }

  #client(): ReturnType<Connect> {
    this.#connecting ??= this.#connect().catch((error: unknown) => {
      this.#connecting = null;
      throw asError(error);
    });
    return this.#connecting;
  }
}
