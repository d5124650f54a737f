import { byteStringOfText, emptyBytes } from '../foundation/bytes.ts';
import { rangeOf } from '../ports/command.ts';

/** Counts one key: the cheapest read that needs a quorum round. */
export const anyKey = rangeOf('user', byteStringOfText('\0'), emptyBytes, { countOnly: true });
