import type { ScenarioResult } from '../run/result.ts';
import type { Verdict } from '../traffic.ts';
import { counterexampleDrawn } from './counterexample.ts';
import { type Html, html } from './html.ts';

/** What each check is for, in words of its own. */
const meanings: Readonly<Record<string, string>> = {
  linearizable: 'reads and writes of each key are as if done one after the other, in real time',
  faults: 'what the scenario is for was done',
  elections: 'nobody is elected where nothing gave a cause',
  growth: 'memory and descriptors of no member grow',
  origin: 'nothing is there that nobody wrote, and nothing twice',
  history: 'the committed history, seen by two watches alike',
  reads: 'every read is the state at the revision that it names',
  compaction: 'compaction hides nothing that must be there',
  revisions: 'revisions respect real time over all keys',
  watch: 'watches: ordered, unique, atomic, reliable, resumable, previous values right',
  acknowledged: 'every acknowledged write is there',
  bank: 'money is neither made nor lost',
  'list-append': 'transactions on lists show no anomaly',
  lease: 'no lease ends early, and each ends within its bound',
  lock: 'never two holders of one lock',
  digests: 'all replicas have the same state at the end',
  early: 'early acknowledgements that were lost were told as lost',
  'final-keys': 'the state at the end is what the history comes to',
};

const words: Readonly<Record<Verdict['answer'], string>> = {
  yes: 'holds',
  no: 'broken',
  unknown: 'undecided',
};
const mostViolations = 20;

export function badgesOf(result: ScenarioResult): Html {
  return html`<div class="badges">${result.verdicts.map(
    ({ check, answer, detail }) =>
      html`<span class="badge ${answer}" title="${detail}">${mark(answer)} ${check}</span>`,
  )}</div>`;
}

export function checkList(result: ScenarioResult): Html {
  return html`<ul class="plain">${result.failures.map(
    (failure) => html`<li><span class="badge no">broken</span><div>${failure}</div></li>`,
  )}${result.verdicts.map(verdictItem)}</ul>`;
}

function verdictItem({ check, answer, detail, violations, counterexample }: Verdict): Html {
  const meaning = meanings[check];
  return html`<li><span class="badge ${answer}">${words[answer]}</span><div><b>${check}</b>${meaning === undefined ? null : html` <span class="soft">· ${meaning}</span>`}<br><span class="small">${detail}</span>${
    violations.length === 0
      ? null
      : html`<details${answer === 'no' ? html` open` : null}><summary>${violations.length} found</summary><ol>${violations.slice(0, mostViolations).map((violation) => html`<li><code>${violation.check}</code> ${violation.detail}</li>`)}</ol>${violations.length > mostViolations ? html`<p class="soft small">and ${violations.length - mostViolations} more, in the JSON file</p>` : null}</details>`
  }${counterexample === undefined ? null : counterexampleDrawn(counterexample)}</div></li>`;
}

function mark(answer: Verdict['answer']): string {
  return answer === 'yes' ? '✓' : answer === 'no' ? '✗' : '?';
}
