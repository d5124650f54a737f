import { jsonLine } from './json.ts';
import { type Progress, progressOn } from './progress.ts';
import { type Style, styleFor } from './style.ts';
import { table } from './table.ts';

/** Where a command's words go: people read `say`, scripts the one document given to `finish`. */
export interface Output {
  readonly json: boolean;
  readonly style: Style;
  readonly progress: Progress;
  /** A line for people; with `--json` nothing. */
  say(line: string): void;
  table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** A line on standard error, also with `--json`. */
  warn(line: string): void;
  /** A line of JSON, only with `--json`. */
  document(content: unknown): void;
}

export function outputTo(json: boolean, progress: Progress = progressOn(process.stderr)): Output {
  const style = styleFor(process.stdout);
  const line = (text: string): void => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };
  return {
    json,
    style,
    progress,
    say: (text) => {
      if (!json) line(text);
    },
    table: (columns, rows) => {
      if (!json) line(table(columns, rows, style));
    },
    warn: (text) => {
      progress.clear();
      process.stderr.write(`${text}\n`);
    },
    document: (content) => {
      if (json) line(jsonLine(content));
    },
  };
}
