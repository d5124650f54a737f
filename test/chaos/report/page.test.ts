import { createHash } from 'node:crypto';
import test from 'ava';
import { headlineOf } from '../../../src/chaos/report/headline.ts';
import { escaped, html } from '../../../src/chaos/report/html.ts';
import { reportPage } from '../../../src/chaos/report/page.ts';
import {
  brokenResult,
  type ChaosDocument,
  type ScenarioResult,
  skippedResult,
} from '../../../src/chaos/run/result.ts';
import { soakSummary } from '../../../src/chaos/soak/soak-summary.ts';
import type { Verdict } from '../../../src/chaos/traffic.ts';

const evil = `"><script>alert(1)</script>'&\u0000`;
const named = {
  scenario: 'kill-leader',
  seed: 1,
  target: 'tanist',
  replay: 'npx tanist chaos run kill-leader --seed 1',
} as const;

const full: ScenarioResult = {
  ...brokenResult(named, evil),
  ok: false,
  seconds: 10,
  network: 'proxy',
  members: [
    { id: 'n0', tier: 'hot' },
    { id: 'n1', tier: 'warm' },
  ],
  faults: 2,
  operations: 100,
  acknowledged: 90,
  linearizable: 'no',
  verdicts: [
    {
      check: 'linearizable',
      answer: 'no',
      detail: evil,
      violations: [{ check: 'linearizable', detail: evil }],
      counterexample: {
        title: `key ${evil}`,
        operations: [
          { caller: 'c1', fromMs: 100, toMs: 200, text: 'put 1', wrong: false },
          { caller: 'c2', fromMs: 210, toMs: 260, text: 'get: absent', wrong: true },
          { caller: evil, fromMs: 220, toMs: null, text: 'put 2: ?', wrong: false },
        ],
      },
    },
    { check: 'watch', answer: 'unknown', detail: 'out of time', violations: [] },
  ],
  outages: [
    { event: 'kill', fault: 'kill leader', on: ['n0'], atMs: 1000, outageMs: 20, firstAfterMs: 1020 },
    {
      event: 'kill',
      fault: 'kill leader',
      on: ['n0'],
      atMs: 5000,
      outageMs: 900,
      firstAfterMs: 5900,
      explanation: evil,
    },
  ],
  elections: 2,
  falseElections: [{ atMs: 3000, member: 'n1', term: 3 }],
  moments: [
    { kind: 'leader', atMs: 0, member: 'n0', term: 1 },
    { kind: 'fault', atMs: 1000, id: 1, name: 'kill leader', on: ['n0'], detail: evil, budget: 'kill' },
    { kind: 'process', atMs: 1001, member: 'n0', state: 'ended' },
    { kind: 'leader', atMs: 1020, member: 'n1', term: 2 },
    { kind: 'process', atMs: 1500, member: 'n0', state: 'serves' },
    { kind: 'healed', atMs: 1600, id: 1 },
    { kind: 'tier', atMs: 1700, member: 'n1', tier: 'hot' },
    { kind: 'note', atMs: 1800, member: 'n1', text: evil },
  ],
  samples: Array.from({ length: 20 }, (_, i) => ({
    atMs: i * 500,
    acknowledged: 10,
    failed: 1,
    indeterminate: 0,
    p50Ms: 1,
    p99Ms: i === 3 ? Number.NaN : 9,
    lagMs: 0,
  })),
  processes: {
    n0: Array.from({ length: 20 }, (_, i) => ({
      atMs: i * 500,
      pid: 1,
      residentBytes: 1e8 + i,
      descriptors: 20,
    })),
  },
  endedMs: 10_000,
};

function documentOf(scenarios: readonly ScenarioResult[]): ChaosDocument {
  return {
    format: 'tanist-chaos-1',
    startedAt: '2026-01-01T00:00:00.000Z',
    command: `tanist chaos run ${evil}`,
    host: { cores: 2, memoryBytes: 4e9, system: 'Linux', node: 'v20' },
    mutant: null,
    build: null,
    budgets: 'report',
    interrupted: false,
    scenarios,
    ok: scenarios.every(({ ok }) => ok),
  };
}

/** Every element that is opened is closed, in order; nothing else is looked at. */
function unclosed(page: string): readonly string[] {
  const open: string[] = [];
  const text = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');
  for (const match of text.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:"[^"]*"|[^">])*)>/g)) {
    const [, close, name = '', rest = ''] = match;
    if (rest.endsWith('/') || ['meta', 'br'].includes(name)) continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

test('what comes from outside is text in the page, never markup', (t) => {
  const page = reportPage([documentOf([full])]);
  t.false(page.includes('<script>alert'));
  t.false(page.includes('\u0000'));
  t.is(escaped(evil), '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\ufffd');
  t.is(html`<b>${['<', html`<i>${'&'}</i>`]}</b>`.text, '<b>&lt;<i>&amp;</i></b>');
  t.deepEqual(unclosed(page), []);
});

test('the page needs nothing else, and its policy allows its own script and style alone', (t) => {
  const page = reportPage([documentOf([full])]);
  t.false(/\b(?:src|href)="(?!#)/.test(page));
  t.false(/url\(|@import|\sstyle="|\son[a-z]+="/.test(page));
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replace(/&#39;/g, "'") ?? '';
  t.regex(policy, /^default-src 'none'; /);
  for (const [element, directive] of [
    ['style', 'style-src'],
    ['script', 'script-src'],
  ] as const) {
    const content = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(page)?.[1] ?? '';
    t.true(
      policy.includes(`${directive} 'sha256-${createHash('sha256').update(content).digest('base64')}'`),
      directive,
    );
  }
  for (const [, data = ''] of page.matchAll(/<script type="application\/json">([\s\S]*?)<\/script>/g))
    t.notThrows(() => JSON.parse(data));
});

test('timeline, charts, outages, checks, counterexample, how to do it again', (t) => {
  const page = reportPage([documentOf([full])]);
  for (const part of [
    'n0 · 1',
    'n1 · 2',
    'false election',
    'Operations a second',
    'median 15 ms',
    'worst 60 ms',
    'missed',
    'undecided',
    named.replay,
  ])
    t.true(page.includes(part), part);
  t.is([...page.matchAll(/class="op( wrong)?"/g)].length, 3);
  t.is([...page.matchAll(/class="op wrong"/g)].length, 1);
  t.regex(page, /stroke-dasharray="4 3"/);
  t.false(page.includes('NaN'));
});

const held = (check: string): Verdict => ({ check, answer: 'yes', detail: '', violations: [] });

test('the first line says whether the promises were kept', (t) => {
  const kept: ScenarioResult = {
    ...full,
    ok: true,
    failures: [],
    verdicts: ['linearizable', 'watch'].map(held),
  };
  t.is(headlineOf(documentOf([kept])).title, 'The cluster kept its promises');
  t.is(
    headlineOf(documentOf([{ ...kept, verdicts: [held('acknowledged')] }])).title,
    'The cluster kept those promises that were looked at: acknowledged',
  );
  t.regex(headlineOf(documentOf([kept])).detail, /1 election without a cause/);
  const grown = { ...soakSummary([kept], 1), verdicts: [{ ...held('growth'), answer: 'no' as const }] };
  const soaked = headlineOf({ ...documentOf([kept]), soak: grown });
  t.is(soaked.answer, 'no');
  t.regex(soaked.title, /^The cluster broke its promises over the whole soak: growth/);
  const broken = headlineOf(documentOf([kept, full]));
  t.is(broken.answer, 'no');
  t.regex(broken.title, /^The cluster broke its promises in 1 run of 2: linearizable broken/);
  const unsure: ScenarioResult = {
    ...kept,
    verdicts: [{ check: 'watch', answer: 'unknown', detail: '', violations: [] }],
  };
  t.is(headlineOf(documentOf([kept, unsure])).answer, 'unknown');
  const skipped = headlineOf(documentOf([kept, skippedResult(named, 'no root')]));
  t.is(skipped.answer, 'yes');
  t.regex(skipped.detail, /1 skipped, which counts as nothing shown/);
  t.is(headlineOf(documentOf([skippedResult(named, 'no root')])).answer, 'unknown');
  const unmade = headlineOf(documentOf([brokenResult(named, 'the cluster did not start')]));
  t.is(unmade.answer, 'unknown');
  t.is(unmade.title, '1 run of 1 could not be made: the cluster did not start');
  t.is(headlineOf(documentOf([kept, full, brokenResult(named, 'no start')])).answer, 'no');
});

test('two stores stand side by side', (t) => {
  const etcd: ScenarioResult = { ...full, target: 'etcd', ok: true, failures: [], verdicts: [] };
  const page = reportPage([
    documentOf([{ ...full, ok: true, failures: [], verdicts: [] }]),
    documentOf([etcd]),
  ]);
  t.regex(page, /Side by side/);
  t.regex(page, /etcd, 2 times/);
  t.deepEqual(unclosed(page), []);
});
