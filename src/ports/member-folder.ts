import type { Disk } from './database.ts';

/** What a member keeps: its databases, short notes, and files that are written once. LevelDB and files in a process; memory in tests. */
export interface MemberFolder {
  readonly disk: Disk;
  /** Null: there is none. */
  readNote(name: string): Promise<string | null>;
  /** Durable when it resolves. A crash leaves the note as it was or as it is to be. */
  writeNote(name: string, text: string): Promise<void>;
  /** Durable when it resolves, in place of what was there under the name; before that nothing is. */
  saveFile(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}
