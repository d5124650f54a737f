import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import type { Links, Shape } from '../../target.ts';
import { requiredTool, runTool } from '../machine/run-tool.ts';
import { requireMember } from '../network.ts';
import type { Ability } from '../options.ts';
import { joined } from './joined.ts';
import { dropRules, isSlowed, type Neighbour, slowing, slowingRoot } from './shaping.ts';

export interface Space extends Neighbour {
  readonly id: string;
  /** Name of its namespace. */
  readonly space: string;
}

/** Links between namespaces: packets are dropped where they arrive, and delayed where they leave. Shapes given at the same time take effect together. */
export class NamespaceLinks implements Links {
  readonly how = 'namespaces';
  readonly why = 'each member has a network namespace of its own';
  readonly #spaces: readonly Space[];
  readonly #abilities: ReadonlySet<Ability>;
  readonly #shapes = new Map<string, Shape>();
  /** What goes out slowed down at present. */
  readonly #slowed = new Map<string, Shape>();
  readonly #withRoot = new Set<string>();
  readonly #drops: ReadonlyMap<string, () => Promise<void>>;
  readonly #slows: ReadonlyMap<string, () => Promise<void>>;

  constructor(spaces: readonly Space[], abilities: ReadonlySet<Ability>) {
    this.#spaces = spaces;
    this.#abilities = abilities;
    this.#drops = new Map(spaces.map((space) => [space.id, joined(() => this.#drop(space))]));
    this.#slows = new Map(spaces.map((space) => [space.id, joined(() => this.#slow(space))]));
  }

  can(ability: Ability): boolean {
    return this.#abilities.has(ability);
  }

  async shape(from: string, to: string, shape: Shape): Promise<void> {
    for (const id of [from, to]) requireMember(id, this.#drops);
    const lacking = abilitiesFor(shape).find((ability) => !this.can(ability));
    if (lacking !== undefined)
      throw new TanistError(
        'unavailable',
        `${lacking}: this machine's kernel or tools don't have it; use the proxy`,
      );
    this.#shapes.set(key(from, to), shape);
    await Promise.all([run(this.#drops, to), run(this.#slows, from)]);
  }

  async heal(): Promise<void> {
    const pairs = [...this.#shapes.keys()].map((pair) => pair.split(' '));
    this.#shapes.clear();
    await Promise.all(
      pairs.flatMap(([from = '', to = '']) => [run(this.#drops, to), run(this.#slows, from)]),
    );
  }

  async #drop(to: Space): Promise<void> {
    const incoming = this.#spaces.map((from) => [from, this.#wanted(from, to)] as const);
    await runTool(
      'nsenter',
      [`--net=/run/netns/${to.space}`, requiredTool('nft'), '-f', '-'],
      dropRules(incoming),
    );
  }

  async #slow(from: Space): Promise<void> {
    let batch = '';
    for (const to of this.#spaces) {
      const pair = key(from.id, to.id);
      const was = this.#slowed.get(pair);
      const shape = this.#wanted(from, to);
      if (was === shape || (was === undefined && !isSlowed(shape))) continue;
      batch += slowing(to, shape, was !== undefined);
      if (isSlowed(shape)) this.#slowed.set(pair, shape);
      else this.#slowed.delete(pair);
    }
    if (batch === '') return;
    const root = this.#withRoot.has(from.id) ? '' : slowingRoot;
    this.#withRoot.add(from.id);
    await runTool('tc', ['-n', from.space, '-batch', '-'], root + batch);
  }

  #wanted(from: Space, to: Space): Shape {
    return this.#shapes.get(key(from.id, to.id)) ?? {};
  }
}

function run(of: ReadonlyMap<string, () => Promise<void>>, id: string): Promise<void> {
  return present(of.get(id), `no member ${id}`)();
}

function abilitiesFor({ cut, loss, delayMs, jitterMs, bytesPerSecond }: Shape): readonly Ability[] {
  const all: Ability[] = [];
  if (cut === true) all.push('cut');
  if ((loss ?? 0) > 0) all.push('loss');
  if ((delayMs ?? 0) > 0 || (jitterMs ?? 0) > 0) all.push('delay');
  if (bytesPerSecond !== undefined) all.push('bandwidth');
  return all;
}

const key = (from: string, to: string): string => `${from} ${to}`;
