import { assert, present } from '../../src/foundation/assert.ts';
import { logIndex, type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { TestCluster, type TestNode, testOptions } from './test-cluster.ts';

/**
 * Runs a scenario: paragraphs of `command` lines, each followed by the lines that it prints, indented by two spaces. Lines that begin
 * with # are kept. Returns the text with what was really printed. Commands:
 *   cluster a b c [learner d] [spare e]    starts it; all later commands are about it
 *   tick a [n] | write a | crash a | restart a | propose a | read a | reset a b | compact a | doubt a
 *   crash a unwritten       nothing that is being written is on the disk
 *   lost a [b] | alive a [b]   a observes its leader (b) dead, or alive
 *   transfer a [b]          hand-over; `succession a b c` ranks the heirs
 *   configure a b c [learner d]            a proposes voters b and c
 *   deliver [a>b]           what is under way now (between those two); its answers stay under way
 *   drop a>b                what is under way between them, and from then on, until `heal`
 *   elect a                 a becomes leader, everything settled
 *   settle                  delivers and writes until nothing is under way
 *   status                  a line a node
 */
export function runScenario(text: string): string {
  const scenario = new Scenario();
  const output: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('  ')) continue;
    output.push(line);
    if (line === '' || line.startsWith('#')) continue;
    for (const printed of scenario.run(line)) output.push(`  ${printed}`);
  }
  return output.join('\n');
}

class Scenario {
  #cluster: TestCluster | null = null;
  #printed: string[] = [];
  readonly #cut = new Set<string>();

  run(line: string): readonly string[] {
    this.#printed = [];
    const [command = '', ...words] = line.trim().split(/\s+/);
    this.#command(command, words);
    return this.#printed;
  }

  get #c(): TestCluster {
    return present(this.#cluster, 'a scenario begins with `cluster`');
  }

  #node(word: string | undefined): TestNode {
    return this.#c.node(present(word, 'a node'));
  }

  #command(command: string, words: readonly string[]): void {
    const first = (): TestNode => this.#node(words[0]);
    const second = (): NodeId => nodeId(present(words[1], 'a second node'));
    const observe = (input: 'leaderDropped' | 'leaderLost' | 'leaderAlive'): void =>
      this.#c.act(first(), (raft) => {
        const { leader, term } = raft.status;
        raft[input](words[1] === undefined ? present(leader, 'it has a leader') : second(), term);
      });
    const commands: Record<string, () => void> = {
      cluster: () => this.#start(words),
      tick: () => {
        for (let n = Number(words[1] ?? 1); n > 0; n--) this.#c.act(first(), (raft) => raft.tick());
      },
      write: () => {
        while (first().writes.length > 0) this.#c.completeWrite(first());
      },
      crash: () => this.#c.crash(first(), words[1] === 'unwritten' ? 0 : undefined),
      restart: () => this.#c.restart(first()),
      propose: () => {
        if (!this.#c.propose(first())) this.#printed.push('refused');
      },
      read: () => this.#c.read(first()),
      reset: () => this.#c.act(first(), (raft) => raft.peerReset(second())),
      compact: () => {
        const { disk, raft } = first();
        disk.compact(logIndex(disk.applied));
        raft?.compacted(disk.compacted);
      },
      doubt: () => this.#c.act(first(), (raft) => raft.setDoubted(true)),
      dropped: () => observe('leaderDropped'),
      lost: () => observe('leaderLost'),
      alive: () => observe('leaderAlive'),
      transfer: () =>
        this.#c.act(first(), (raft) => {
          if (!raft.transfer(words[1] === undefined ? null : second())) this.#printed.push('refused');
        }),
      succession: () => this.#c.act(first(), (raft) => raft.setSuccession(words.slice(1).map(nodeId))),
      configure: () => {
        const { voters, learners } = split(words.slice(1));
        this.#c.act(first(), (raft) => {
          const result = raft.proposeConfiguration({ voters, learners });
          if (!result.accepted) this.#printed.push(`refused: ${result.reason}`);
        });
      },
      deliver: () => this.#deliver(words[0]),
      drop: () => {
        this.#cut.add(present(words[0], 'a>b'));
        this.#dropCut();
      },
      heal: () => this.#cut.clear(),
      elect: () => {
        this.#c.trace = () => {};
        while (first().status?.role === 'follower') this.#c.act(first(), (raft) => raft.tick());
        this.#settle();
        this.#traceOn();
        this.#status();
      },
      settle: () => this.#settle(),
      status: () => this.#status(),
    };
    const act = commands[command];
    assert(act !== undefined, `no such command: ${command}`);
    act();
  }

  #start(words: readonly string[]): void {
    const { voters, learners, spares } = split(words);
    this.#cluster = new TestCluster('scenario', { voters, outgoing: [], learners }, spares, {
      ...testOptions,
      logMemoryBytes: 100_000,
      maxAppendBytes: 100_000,
    });
    this.#traceOn();
  }

  #traceOn(): void {
    this.#c.trace = (line) => this.#printed.push(line);
  }

  #dropCut(): void {
    this.#c.network = this.#c.network.filter(({ from, to }) => !this.#cut.has(`${from}>${to}`));
  }

  #deliver(path: string | undefined): void {
    this.#dropCut();
    const wanted = this.#c.network.filter(({ from, to }) => path === undefined || path === `${from}>${to}`);
    this.#c.network = this.#c.network.filter((message) => !wanted.includes(message));
    for (const message of wanted) this.#c.deliver(message);
    this.#dropCut();
  }

  #settle(): void {
    for (let n = 0; n < 100; n++) {
      for (const node of this.#c.up) while (node.writes.length > 0) this.#c.completeWrite(node);
      this.#deliver(undefined);
    }
    assert(this.#c.network.length === 0, 'nothing is under way');
  }

  #status(): void {
    for (const { id, status } of this.#c.nodes.values()) {
      if (status === null) this.#printed.push(`${id} down`);
      else {
        const { role, term, leader, commit, last, durable } = status;
        const log = `log ${last.index}@${last.term} durable ${durable} commit ${commit}`;
        this.#printed.push(`${id} ${role} term ${term} leader ${leader ?? 'none'} ${log}`);
      }
    }
  }
}

function split(words: readonly string[]): Record<'voters' | 'learners' | 'spares', readonly NodeId[]> {
  const lists = { voters: [] as NodeId[], learners: [] as NodeId[], spares: [] as NodeId[] };
  let list = lists.voters;
  for (const word of words) {
    if (word === 'learner') list = lists.learners;
    else if (word === 'spare') list = lists.spares;
    else list.push(nodeId(word));
  }
  return lists;
}
