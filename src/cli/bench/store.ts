/** A cluster whose leader is taken away again and again. Members by name. */
export interface Store {
  readonly name: 'tanist' | 'etcd';
  leader(): Promise<string>;
  /** Resolves when acknowledged. Writes to a key of its own, so that it may be sent again. */
  put(key: string, value: Uint8Array): Promise<unknown>;
  keysWithPrefix(prefix: string): Promise<ReadonlySet<string>>;
  deletePrefix(prefix: string): Promise<void>;
  signal(member: string, signal: NodeJS.Signals): void;
  transfer(): Promise<void>;
  /** Starts a killed member again; resolves when it has caught up. */
  restart(member: string): Promise<void>;
  /** All members follow one leader and have what it has. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}
