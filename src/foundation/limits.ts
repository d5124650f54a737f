/** Sizes and counts that bound every queue and message. Those a user may change are in the config under the same names. */
export interface RequestLimits {
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly transactionOperations: number;
}

export const defaultRequestLimits: RequestLimits = {
  keyBytes: 16 * 1024,
  valueBytes: 1536 * 1024,
  transactionOperations: 128,
};

export const limits = {
  /** Largest payload of one log entry; a client batch never exceeds it. */
  entryBytes: 8 * 1024 * 1024,
  /** Largest block of entries persisted or sent at once, unless a single entry is larger. */
  blockBytes: 1024 * 1024,
  blockCommands: 4096,
  /** Replication pipeline to one peer: beyond either, the leader waits for acknowledgements. */
  inflightMessages: 64,
  inflightBytes: 8 * 1024 * 1024,
  /** Proposed and not yet committed; beyond it proposals fail as `overloaded`. */
  uncommittedBytes: 64 * 1024 * 1024,
  uncommittedCommands: 65_536,
  /** Entries kept in memory behind the last applied one, for peers that lag; older ones are read from the log. */
  logMemoryBytes: 8 * 1024 * 1024,
  /** Log kept on disk behind the image; peers further behind get a snapshot. */
  logDiskBytes: 256 * 1024 * 1024,
  sessions: 10_000,
  /** Results kept for a session above its `acknowledgedThrough`. */
  sessionResults: 65_536,
  /** A larger result is not kept for a second answer; every put's with its previous value is. */
  sessionResultBytes: 2 * 1024 * 1024,
  /** What kept results hold, of one session and of all, before further commands of sessions are refused. */
  sessionKeptBytes: 64 * 1024 * 1024,
  sessionsKeptBytes: 512 * 1024 * 1024,
  watchers: 100_000,
  /** Of them, what one connection may have, so that others find some. */
  watchersPerConnection: 25_000,
  /** Of etcd's API; the native one has no limit but that of the connection. */
  watchesPerStream: 16_384,
  /** Bytes waiting for one slow watcher before it is fed from history instead of memory. */
  watcherQueueBytes: 4 * 1024 * 1024,
  /** Events in one message of a watch, at least one: a revision with more goes out in several. */
  watchMessageBytes: 1024 * 1024,
  /** Changes that a hot node keeps in memory for the replicas that it feeds, all together; who is further behind is fed from history. */
  replicaQueueBytes: 8 * 1024 * 1024,
  /** Replicas that one hot node feeds. */
  replicaFollowers: 64,
  leases: 1_000_000,
  /** Keys that one command may read or delete, and keys on one lease: reads and later commands wait for it, at 1 to 2 µs a key. */
  keysPerCommand: 1_000_000,
  /** Messages within messages, beyond it one is malformed. */
  messageDepth: 64,
  /** Transactions within transactions, the outermost included: two messages each, so blocks and replies that hold them stay within `messageDepth`. */
  transactionDepth: 24,
  /** Leases or sessions named by one command. */
  idsPerCommand: 4096,
  /** Of one command, which is all that a new leader brings with its first entry: applying them takes a millisecond or two. */
  predictionsPerCommand: 1000,
  predictionBytesPerCommand: 512 * 1024,
  /** Predictions that are held, and their bytes; beyond either more are refused as `too-many-predictions`. */
  predictions: 16_384,
  predictionsBytes: 32 * 1024 * 1024,
  /** Callers whose lease renewal is not answered, on one node; beyond it renewals fail as `overloaded`. */
  renewalsWaiting: 262_144,
  /** The same on one stream of etcd's API: beyond it no more is read from the client until some are answered. */
  renewalsPerStream: 4096,
  /** Of an image that goes to another member. */
  imageBytesPerSecond: 12 * 1024 * 1024,
  messageBytes: 16 * 1024 * 1024,
  /** Written for the client of one connection and not taken, on all its streams: beyond it, streams of which something waits bring nothing more. */
  connectionWaitingBytes: 64 * 1024 * 1024,
  /** Backups that are read from one node at a time, etcd's snapshots among them, and of them by one connection. */
  backups: 16,
  backupsPerConnection: 4,
  /** What one range answers: it fits into a message. */
  rangeBytes: 16 * 1024 * 1024 - 64 * 1024,
  /** How long a linearizable read that is confirmed waits for its replica to come so far; it fails as `unavailable` then, and another may answer it. */
  readBehindMs: 5000,
  /** Ranges of thousands of keys that are being read at a time, or wait for it; and what the answers of those being read may take. */
  scans: 1024,
  scansBytes: 256 * 1024 * 1024,
} as const;
