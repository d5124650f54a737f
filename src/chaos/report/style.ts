/** The report's look: light and dark by the reader's system, no font or picture from anywhere. */
export const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5d6878;--faint:#98a2b1;--line:#e3e7ed;--grid:#edf0f4;
--good:#12805c;--good-bg:#e2f5ec;--bad:#c8283a;--bad-bg:#fdebec;--unsure:#9a6700;--unsure-bg:#fdf3d7;--skip:#5d6878;--skip-bg:#eceff3;
--kill:#d6455d;--freeze:#3d7dd8;--partition:#8a5cd1;--network:#c98a1b;--disk:#a5613a;--orderly:#1f9e8f;--clock:#6b8e23;--other:#7d8797;
--m0:#3469c9;--m1:#d9772b;--m2:#2b9a66;--m3:#a54fb5;--m4:#b8912a;--m5:#2a9db3;--m6:#c2527d;--tanist:#3469c9;--etcd:#d9772b;--shade:#0b15270d}
@media(prefers-color-scheme:dark){:root{--bg:#10141b;--card:#181e27;--ink:#e4e9f0;--soft:#9aa6b6;--faint:#66717f;--line:#2a323e;--grid:#222a35;
--good:#4cc596;--good-bg:#12342a;--bad:#ff7484;--bad-bg:#40191f;--unsure:#e5b84b;--unsure-bg:#3a2f12;--skip:#9aa6b6;--skip-bg:#252d38;
--kill:#ef6b80;--freeze:#6aa3f2;--partition:#ab86ea;--network:#e0aa48;--disk:#c98a63;--orderly:#45c0b0;--clock:#9cbf4f;--other:#8f9aab;
--m0:#7aa5f5;--m1:#f0a05f;--m2:#5cc792;--m3:#cf86dc;--m4:#d9b85a;--m5:#5cc5d8;--m6:#e78bb0;--tanist:#7aa5f5;--etcd:#f0a05f;--shade:#ffffff0f}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-font-smoothing:antialiased}
main{max-width:1120px;margin:0 auto;padding:28px 20px 80px}
h1,h2,h3{line-height:1.25;margin:0;letter-spacing:-.01em}h1{font-size:26px}h2{font-size:19px}h3{font-size:12px;font-weight:600;color:var(--soft);text-transform:uppercase;letter-spacing:.06em;margin:22px 0 6px}
p{margin:6px 0}.soft{color:var(--soft)}.small{font-size:13px}
code,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
a{color:inherit;text-decoration-color:var(--faint);text-underline-offset:3px}
.verdict{border-radius:14px;padding:20px 24px;margin:18px 0 22px;border:1px solid var(--line);border-left-width:6px;background:var(--card)}
.verdict.yes{border-left-color:var(--good)}.verdict.no{border-left-color:var(--bad)}.verdict.unknown{border-left-color:var(--unsure)}
.verdict h1.yes{color:var(--good)}.verdict h1.no{color:var(--bad)}.verdict h1.unknown{color:var(--unsure)}
.banner{background:var(--unsure-bg);color:var(--unsure);border-radius:10px;padding:8px 14px;margin:12px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin:0 0 22px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
.tile b{display:block;font-size:22px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:12.5px}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:18px 22px;margin:0 0 20px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);text-align:left;font-size:11.5px;padding:6px 7px;border-bottom:1px solid var(--line);white-space:nowrap}
td{padding:6px 7px;border-bottom:1px solid var(--grid);vertical-align:top}tr:last-child td{border-bottom:0}td:first-child{white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap}
svg.key{display:inline-block;width:10px;height:10px;margin-right:6px;vertical-align:-1px}
tbody tr:hover td{background:var(--shade)}
.badge{display:inline-block;border-radius:99px;padding:1px 9px;font-size:12px;font-weight:600;white-space:nowrap;line-height:1.6}
.yes>.badge,.badge.yes{background:var(--good-bg);color:var(--good)}.badge.no{background:var(--bad-bg);color:var(--bad)}.badge.unknown{background:var(--unsure-bg);color:var(--unsure)}.badge.skip{background:var(--skip-bg);color:var(--skip)}
.badges{display:flex;flex-wrap:wrap;gap:6px;margin:10px 0}
.head{display:flex;gap:12px;align-items:baseline;flex-wrap:wrap}.head .soft{margin-left:auto}
ul.plain{list-style:none;margin:0;padding:0}ul.plain li{padding:5px 0;border-bottom:1px solid var(--grid);display:flex;gap:10px;align-items:baseline}ul.plain li:last-child{border:0}
ul.plain li>div{min-width:0;overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--soft);font-size:13px}details>ol{margin:6px 0 6px 20px;padding:0;font-size:13px;overflow-wrap:anywhere}
.replay{display:block;background:var(--grid);border-radius:8px;padding:7px 12px;overflow-x:auto;white-space:pre}
svg.chart{display:block;width:100%;height:auto;overflow:visible;font:11px system-ui,sans-serif}
svg text{fill:var(--soft)}svg .faint{fill:var(--faint)}svg.chart text.on{fill:#fff;font-weight:600;pointer-events:none}svg .label{font-weight:600;fill:var(--ink)}
.grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--line);stroke-width:1}
.quiet{fill:var(--shade)}.plot{cursor:crosshair}
.area{fill:var(--m0);opacity:.16}.rate{stroke:var(--m0)}.p50{stroke:var(--m2)}.p99{stroke:var(--kill)}.trace{fill:none;stroke-width:1.4;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.fails{fill:var(--bad);opacity:.55}
.budget{stroke:var(--unsure);stroke-width:1.3;stroke-dasharray:5 4}.over{fill:var(--bad)}.within{fill:var(--good)}.dot{opacity:.72}.dot:hover{opacity:1}
.tanist-line{stroke:var(--tanist)}.etcd-line{stroke:var(--etcd)}.tanist-dot{fill:var(--tanist)}.etcd-dot{fill:var(--etcd)}
.runs{fill:var(--good);opacity:.34}.down{fill:var(--bad);opacity:.3}.still{fill:var(--freeze);opacity:.55}
.flag{fill:var(--bad)}.cursor{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3;pointer-events:none;visibility:hidden}
.brush{fill:var(--m0);opacity:.14;pointer-events:none}
.op{fill:var(--good-bg);stroke:var(--good)}.op.wrong{fill:var(--bad-bg);stroke:var(--bad);stroke-width:1.8}svg text.op-text{fill:var(--ink)}svg text.op-text.wrong{fill:var(--bad);font-weight:650}
${['kill', 'freeze', 'partition', 'network', 'disk', 'orderly', 'clock', 'other'].map((name) => `.f-${name}{fill:var(--${name})}`).join('')}
${[0, 1, 2, 3, 4, 5, 6].map((n) => `.m${n}{fill:var(--m${n})}.s${n}{stroke:var(--m${n})}`).join('')}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;color:var(--soft);margin:2px 0 4px}.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:currentColor}
${['kill', 'freeze', 'partition', 'network', 'disk', 'orderly', 'clock', 'other', 'm0', 'm2', 'tanist', 'etcd', 'unsure', 'good', 'bad'].map((name) => `.legend i.c-${name}{color:var(--${name})}`).join('')}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--ink);color:var(--bg);border-radius:8px;padding:6px 10px;font-size:12px;line-height:1.45;max-width:360px;white-space:pre-line;visibility:hidden;left:0;top:0}
@media(prefers-color-scheme:dark){svg.chart text.on{fill:#10141b}}
@media print{body{background:#fff}.card,.tile,.verdict{break-inside:avoid}}
`;
