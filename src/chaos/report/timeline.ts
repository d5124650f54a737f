import type { Moment } from '../moment.ts';
import type { ScenarioResult } from '../run/result.ts';
import { type Html, html } from './html.ts';
import { frame, msText, type Span, secondsText, timeX } from './scales.ts';

/** Lanes of time: faults, who led, each member's process and tier. */

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly look: string;
  readonly text: string;
  readonly tip: string;
}

interface Lane {
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly { readonly atMs: number; readonly tip: string; readonly look: string }[];
}

const laneHeight = 22;
const mostFaultLanes = 6;

export function timelineChart(result: ScenarioResult, span: Span): Html {
  const lanes = [...faultLanes(result.moments, span), leaderLane(result, span), ...memberLanes(result, span)];
  const height = lanes.length * laneHeight;
  const x = timeX(span);
  return html`<svg class="chart timed" viewBox="0 0 ${frame.width} ${height + 24}" role="img" aria-label="Timeline of faults, leaders and processes"><rect class="plot" x="${frame.left}" y="0" width="${frame.width - frame.left - frame.right}" height="${height}" fill="transparent"/>${lanes.map((lane, i) => drawn(lane, i * laneHeight, x))}${timeAxis(span, height)}${cursor(height)}</svg>`;
}

/** Ends and quarters of the time; the page's script writes others when a stretch is drawn larger. */
export function timeAxis({ fromMs, toMs }: Span, y: number): Html {
  const parts = [0, 1, 2, 3, 4, 5];
  const last = parts.length - 1;
  const inner = frame.width - frame.left - frame.right;
  return html`<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y + 2}" y2="${y + 2}"/><g class="axis-time">${parts.map(
    (i) =>
      html`<text class="faint" x="${frame.left + (inner * i) / last}" y="${y + 17}" text-anchor="${i === 0 ? 'start' : i === last ? 'end' : 'middle'}">${secondsText(fromMs + ((toMs - fromMs) * i) / last)}</text>`,
  )}</g>`;
}

export function cursor(height: number): Html {
  return html`<line class="cursor" x1="0" x2="0" y1="0" y2="${height}"/><rect class="brush" x="0" y="0" width="0" height="${height}"/>`;
}

function drawn({ label, bars, marks }: Lane, y: number, x: (atMs: number) => number): Html {
  return html`<text class="label" x="${frame.left - 10}" y="${y + 15}" text-anchor="end">${label}</text><line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y + laneHeight}" y2="${y + laneHeight}"/>${bars.map(
    (bar) => {
      const left = x(bar.fromMs);
      const width = Math.max(1.5, x(bar.toMs) - left);
      const room = width > bar.text.length * 6.2 + 8;
      return html`<rect class="${bar.look}" data-a="${bar.fromMs}" data-b="${bar.toMs}" data-tip="${bar.tip}" x="${left}" y="${y + 3}" width="${width}" height="${laneHeight - 6}" rx="3"><title>${bar.tip}</title></rect>${bar.text === '' ? null : html`<text class="on" data-room="${bar.fromMs} ${bar.toMs}" x="${left + 5}" y="${y + 15}"${room ? null : html` visibility="hidden"`}>${bar.text}</text>`}`;
    },
  )}${marks.map(
    ({ atMs, tip, look }) =>
      html`<path class="${look}" data-t="${atMs}" data-y="${y + laneHeight / 2}" data-tip="${tip}" transform="translate(${x(atMs)} ${y + laneHeight / 2})" d="M0-6 6 5-6 5Z"><title>${tip}</title></path>`,
  )}`;
}

const families: readonly (readonly [RegExp, string])[] = [
  [/^(kill|memory)/, 'kill'],
  [/^freeze/, 'freeze'],
  [/^partition/, 'partition'],
  [/^(delay|loss|bandwidth|slow leader)/, 'network'],
  [/(disk|bit|log|data|tail|image|sync|copy)/, 'disk'],
  [/^clock/, 'clock'],
  [/^(stop|hand-over|restart|change|promote)/, 'orderly'],
];

export function familyOf(fault: string): string {
  return families.find(([pattern]) => pattern.test(fault))?.[1] ?? 'other';
}

function faultLanes(moments: readonly Moment[], { toMs }: Span): readonly Lane[] {
  const healedAt = new Map<number, number>();
  for (const moment of moments) if (moment.kind === 'healed') healedAt.set(moment.id, moment.atMs);
  const lanes: Bar[][] = [];
  for (const moment of moments) {
    if (moment.kind !== 'fault') continue;
    const { atMs, name, on, detail } = moment;
    const endMs = healedAt.get(moment.id) ?? toMs;
    const who = on.length === 0 ? 'all links' : on.join(' ');
    const bar: Bar = {
      fromMs: atMs,
      toMs: endMs,
      look: `f-${familyOf(name)}`,
      text: `${name} ${who}`,
      tip: `${name}: ${who}${detail === '' ? '' : `\n${detail}`}\nat ${msText(atMs)}, for ${msText(endMs - atMs)}`,
    };
    // In the first lane that is free by then; what finds none lies over the last.
    const free = lanes.find((lane) => (lane.at(-1)?.toMs ?? 0) <= atMs);
    if (free !== undefined) free.push(bar);
    else if (lanes.length < mostFaultLanes) lanes.push([bar]);
    else lanes.at(-1)?.push(bar);
  }
  return lanes.map((bars, i) => ({ label: i === 0 ? 'faults' : '', bars, marks: [] }));
}

function leaderLane({ moments, members, falseElections }: ScenarioResult, { fromMs, toMs }: Span): Lane {
  const leaders = moments.flatMap((moment) => (moment.kind === 'leader' ? [moment] : []));
  const rising = leaders.filter(({ term }, i) => leaders.slice(0, i).every((before) => before.term < term));
  const bars = rising.map(({ atMs, member, term }, i): Bar => {
    const endMs = rising[i + 1]?.atMs ?? toMs;
    return {
      fromMs: Math.max(fromMs, atMs),
      toMs: endMs,
      look: memberLook(members, member),
      text: `${member} · ${term}`,
      tip: `${member} leads in term ${term}\nfrom ${msText(atMs)}, for ${msText(endMs - atMs)}`,
    };
  });
  const marks = falseElections.map(({ atMs, member, term }) => ({
    atMs,
    look: 'flag',
    tip: `false election: ${member} in term ${term}, with no fault that explains it`,
  }));
  return { label: 'leader', bars, marks };
}

export function memberLook(members: ScenarioResult['members'], id: string): string {
  return `m${
    Math.max(
      0,
      members.findIndex((member) => member.id === id),
    ) % 7
  }`;
}

function memberLanes({ moments, members }: ScenarioResult, { fromMs, toMs }: Span): readonly Lane[] {
  return members.map(({ id, tier }) => {
    const bars: Bar[] = [];
    let state: 'runs' | 'down' | 'still' = 'runs';
    let sinceMs = fromMs;
    const next = (atMs: number, becomes: typeof state): void => {
      if (becomes === state) return;
      if (atMs > sinceMs) bars.push(stateBar(id, state, sinceMs, atMs));
      [state, sinceMs] = [becomes, Math.max(fromMs, atMs)];
    };
    for (const moment of moments) {
      if (moment.kind !== 'process' || moment.member !== id) continue;
      if (moment.state === 'serves' || moment.state === 'continued') next(moment.atMs, 'runs');
      else if (moment.state === 'stopped') next(moment.atMs, 'still');
      else if (moment.state === 'ended') next(moment.atMs, 'down');
    }
    bars.push(stateBar(id, state, sinceMs, toMs));
    const marks = moments.flatMap((moment) =>
      moment.kind === 'tier' && moment.member === id
        ? [
            {
              atMs: moment.atMs,
              look: 'f-orderly',
              tip: `${id} is ${moment.tier} from ${msText(moment.atMs)}`,
            },
          ]
        : [],
    );
    return { label: `${id} ${tier}`, bars, marks };
  });
}

const stateWords = { runs: 'runs', down: 'is down', still: 'is stopped (SIGSTOP)' } as const;

function stateBar(id: string, state: keyof typeof stateWords, fromMs: number, toMs: number): Bar {
  return {
    fromMs,
    toMs,
    look: state,
    text: '',
    tip: `${id} ${stateWords[state]}\nfrom ${msText(fromMs)}, for ${msText(toMs - fromMs)}`,
  };
}
