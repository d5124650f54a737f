import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type Command, CommanderError } from 'commander';
import { createProgram } from '../../src/cli/program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const documents = [
  'README.md',
  'cluster-config/three-hot.yaml',
  'cluster-config/single.yaml',
  'cluster-config/tiers.yaml',
];

/** What prose may do: name a command alone, put a word where a value stands. */
const allowed: readonly string[] = [
  'commander.invalidArgument',
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
];

test('what the documents and the help say to type is understood', (t) => {
  const lines = [
    ...documents.flatMap((file) => commandsIn(readFileSync(`${root}${file}`, 'utf8'), file)),
    ...helpTexts(createProgram('1.0.0')).flatMap(({ of, text }) => commandsIn(text, `${of} --help`)),
  ];
  t.true(lines.length > 90);
  const wrong = lines.flatMap(({ words, from }) => {
    const problem = problemOf(words);
    return problem === null ? [] : [`${from}: tanist ${words.join(' ')}: ${problem}`];
  });
  t.deepEqual(wrong, []);
});

interface Line {
  readonly words: readonly string[];
  readonly from: string;
}

/** After a prompt, in backquotes, or alone on a line. */
function commandsIn(text: string, from: string): readonly Line[] {
  const found = [
    ...text.matchAll(/^#?\s*(?:\$ )?(?:npx )?tanist ([a-z].*)$/gm),
    ...text.matchAll(/`(?:npx )?tanist ([a-z][^`]*)`/g),
  ];
  return found
    .map(([, line = '']) => ({ words: wordsOf(line), from }))
    .filter(({ words }) => words.length > 0);
}

function wordsOf(line: string): readonly string[] {
  const command = line.split(/\s+[#&|>]|\s{2,}/)[0] ?? '';
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
    .map(([, double, single, plain]) => double ?? single ?? plain ?? '')
    .filter((word) => word !== '…');
}

/** As commander tells it; nothing is run. */
function problemOf(words: readonly string[]): string | null {
  const program = createProgram('1.0.0');
  for (const command of all(program)) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0) command.action(() => {});
  }
  try {
    program.parse(words, { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return allowed.includes(error.code) || error.exitCode === 0 ? null : error.message;
  }
}

function helpTexts(program: Command): readonly { readonly of: string; readonly text: string }[] {
  return all(program).map((command) => {
    const parts: string[] = [];
    command.configureOutput({ writeOut: (part) => void parts.push(part) });
    command.outputHelp();
    return { of: command.name(), text: parts.join('') };
  });
}

function all(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(all)];
}
