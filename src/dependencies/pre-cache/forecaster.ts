import { added, nothingYet, type Outcome, outcomeOf, worth } from './backtest.ts';
import { markovItems } from './markov.ts';
import type { Expected, NextItems, Situation } from './next-items.ts';
import { type PlanLimits, planAhead } from './plan.ts';
import { sameLockFile } from './same-lock-file.ts';
import { seasonalItems } from './seasonal.ts';
import { type Item, packageOf, type RequestSequence } from './sequence.ts';
import { Survival } from './survival.ts';

/** The candidates, with the same sequences learnt. `further`: such as the recurrent network. */
export const candidates = (further: readonly NextItems[] = []): readonly NextItems[] => [
  sameLockFile(),
  markovItems(),
  seasonalItems(),
  ...further,
];

const mostFacts = 100_000;
const mostApplications = 2000;
/** What a candidate was worth fades: the latest sequences say most. */
const fading = 0.8;

interface Judged {
  readonly model: NextItems;
  all: Outcome;
  /** By application: worth, fading. */
  readonly recent: Map<string, { sum: number; weight: number }>;
}

/**
 * Chooses among candidates by a rolling backtest: each sequence is foretold by all of them before they learn it, and for an application that one counts that
 * did best of late; before it has been seen, the one that did best over all.
 */
export class ItemForecaster {
  readonly #judged: readonly Judged[];
  readonly #survival = new Survival();
  readonly #facts = new Map<string, Item>();
  /** Packages that were watched when last installed, and not opened. */
  readonly #idle = new Set<string>();
  readonly #limits: PlanLimits;
  /** What the chosen ones were worth, each chosen by what was known before. */
  selected: Outcome = nothingYet;

  constructor(models: readonly NextItems[], limits: PlanLimits) {
    this.#judged = models.map((model) => ({
      model: this.#survival.applied(model),
      all: nothingYet,
      recent: new Map(),
    }));
    this.#limits = limits;
  }

  async learn(sequence: RequestSequence): Promise<void> {
    const chosen = this.#chosen(sequence.application);
    for (const judged of this.#judged) {
      const outcome = await outcomeOf(judged.model, sequence, this.#facts, this.#limits);
      if (judged === chosen) this.selected = added(this.selected, outcome);
      judged.all = added(judged.all, outcome);
      for (const application of [sequence.application, everything]) {
        const before = judged.recent.get(application) ?? { sum: 0, weight: 0 };
        judged.recent.delete(application);
        judged.recent.set(application, {
          sum: fading * before.sum + worth(outcome),
          weight: fading * before.weight + 1,
        });
      }
      const [oldest] = judged.recent.keys();
      if (oldest !== undefined && judged.recent.size > mostApplications) judged.recent.delete(oldest);
      await judged.model.learn(sequence);
    }
    this.#survival.learn(sequence);
    for (const item of sequence.items) this.#facts.set(item.path, item);
    if (sequence.used !== null) this.#learnUse(sequence.items, new Set(sequence.used));
    for (const path of this.#facts.keys()) {
      if (this.#facts.size <= mostFacts) break;
      this.#facts.delete(path);
    }
  }

  /** What to download ahead, the first first. */
  async plan(situation: Situation, budgetBytes = this.#limits.budgetBytes): Promise<readonly Expected[]> {
    const chosen = this.#chosen(situation.application);
    if (chosen === undefined) return [];
    const expected = [...(await chosen.model.expect(situation))].flatMap(([path, confidence]) => {
      const item = this.#facts.get(path);
      return item === undefined ? [] : [{ item, confidence }];
    });
    const plan = planAhead(expected, { ...this.#limits, budgetBytes });
    // What is installed and never opened is the last that anybody waits for.
    const isIdle = ({ item }: Expected): boolean => this.#idle.has(packageOf(item.path));
    return [...plan.filter((each) => !isIdle(each)), ...plan.filter(isIdle)];
  }

  #learnUse(items: readonly Item[], used: ReadonlySet<string>): void {
    for (const name of new Set(items.map(({ path }) => packageOf(path))))
      if (used.has(name)) this.#idle.delete(name);
      else if (this.#idle.size < mostFacts) this.#idle.add(name);
  }

  chosenFor(application: string): string {
    return this.#chosen(application)?.model.name ?? '';
  }

  outcomes(): readonly { readonly model: string; readonly outcome: Outcome }[] {
    return this.#judged.map(({ model, all }) => ({ model: model.name, outcome: all }));
  }

  #chosen(application: string): Judged | undefined {
    let best: Judged | undefined;
    let bestWorth = Number.NEGATIVE_INFINITY;
    for (const judged of this.#judged) {
      const of = judged.recent.get(application) ?? judged.recent.get(everything) ?? { sum: 0, weight: 1 };
      const mean = of.sum / of.weight;
      if (mean > bestWorth) {
        best = judged;
        bestWorth = mean;
      }
    }
    return best;
  }
}

const everything = '\0';
