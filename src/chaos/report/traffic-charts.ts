import type { ScenarioResult } from '../run/result.ts';
import type { Sample } from '../traffic.ts';
import { type Html, html } from './html.ts';
import { lineChart } from './line-chart.ts';
import { decades, linear, logarithmic, msText, type Span, short, ticks } from './scales.ts';

/** Acknowledged operations a second and how long they took. */
export function trafficCharts(result: ScenarioResult, span: Span): Html {
  const { samples } = result;
  if (samples.length < 2) return html`<p class="soft">no samples</p>`;
  const rates = ratesOf(samples);
  const most = Math.max(
    1,
    ...rates.map(({ perSecond }) => perSecond),
    ...rates.map(({ failedPerSecond }) => failedPerSecond),
  );
  const y = linear(0, most * 1.05, 100, 0);
  const throughput = lineChart({
    label: 'Operations a second',
    span,
    height: 110,
    y,
    ticks: ticks(0, most, 4).map((value) => ({ value, text: short(value) })),
    series: [
      {
        look: 'rate',
        area: 'area',
        points: rates.map(({ atMs, perSecond }) => ({ atMs, value: perSecond })),
      },
      {
        look: 's0 fails',
        area: 'fails',
        points: rates.map(({ atMs, failedPerSecond }) => ({ atMs, value: failedPerSecond })),
      },
    ],
  });
  const timed = samples.filter(
    ({ p50Ms, p99Ms }) => Number.isFinite(p50Ms) && Number.isFinite(p99Ms) && p50Ms > 0,
  );
  const [low, high] = timed.reduce(
    ([least, greatest], { p50Ms, p99Ms }) => [Math.min(least, p50Ms), Math.max(greatest, p99Ms)],
    [1, 10],
  );
  const latencyY = logarithmic(low * 0.8, high * 1.25, 100, 0);
  const latency = lineChart({
    label: 'Latency of acknowledged operations, logarithmic',
    span,
    height: 110,
    y: latencyY,
    ticks: decades(low * 0.8, high * 1.25).map((value) => ({ value, text: msText(value) })),
    series: [
      { look: 'p99', points: timed.map(({ atMs, p99Ms }) => ({ atMs, value: p99Ms })) },
      { look: 'p50', points: timed.map(({ atMs, p50Ms }) => ({ atMs, value: p50Ms })) },
    ],
  });
  return html`<h3>Operations a second</h3><div class="legend"><span><i class="c-m0"></i>acknowledged</span><span><i class="c-bad"></i>failed or of unknown outcome</span></div>${throughput}<h3>Latency</h3><div class="legend"><span><i class="c-m2"></i>median</span><span><i class="c-kill"></i>99th percentile</span></div>${latency}`;
}

interface Rate {
  readonly atMs: number;
  readonly perSecond: number;
  readonly failedPerSecond: number;
}

/** Of each sample since the one before. */
export function ratesOf(samples: readonly Sample[]): readonly Rate[] {
  return samples.slice(1).map(({ atMs, acknowledged, failed, indeterminate }, i) => {
    const seconds = Math.max(1, atMs - (samples[i]?.atMs ?? 0)) / 1000;
    return {
      atMs,
      perSecond: Math.round(acknowledged / seconds),
      failedPerSecond: Math.round((failed + indeterminate) / seconds),
    };
  });
}
