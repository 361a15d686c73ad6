/** Style of the report: system fonts, one column, light or dark by the reader's preference. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f9f9f7, #0d0d0d); --card: light-dark(#ffffff, #1a1a19); --rule: light-dark(#e4e3df, #33332f);
  --ink: light-dark(#14140f, #f5f5f0); --soft: light-dark(#5b5a55, #b9b8b0); --faint: light-dark(#8a8982, #85847d);
  --blue: light-dark(#2a78d6, #4b96ee); --orange: light-dark(#d9591f, #f0793f); --amber: light-dark(#d99000, #d9a02c);
  --good: light-dark(#0b7a3b, #3ecb7c); --bad: light-dark(#c42f2f, #f26d6d);
  --good-wash: light-dark(#e3f4e9, #12301f); --bad-wash: light-dark(#fbe7e6, #3a1a1a); --note-wash: light-dark(#fbf1dc, #332810);
}
* { box-sizing: border-box; }
body { margin: 0; padding: 40px 20px 56px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 960px; margin: 0 auto; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 16px; margin: 0 0 2px; }
.verdict { padding: 3px 12px; border-radius: 99px; font-weight: 600; }
.verdict.good { color: var(--good); background: var(--good-wash); }
.verdict.bad { color: var(--bad); background: var(--bad-wash); }
.about { color: var(--soft); margin: 6px 0 20px; }
.about code { color: var(--ink); }
code { font: 13px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.box { border-radius: 8px; padding: 10px 16px; margin: 0 0 16px; }
.box ul { margin: 0; padding: 0; list-style: none; }
.box.bad { background: var(--bad-wash); } .box.note { background: var(--note-wash); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 0 0 16px; padding: 0; }
.tile, section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tile { padding: 12px 16px; }
.tile dt { color: var(--soft); font-size: 13px; }
.tile dd { margin: 0; font-size: 24px; font-weight: 600; line-height: 1.3; white-space: nowrap; }
.tile dd small { font-size: 14px; font-weight: 400; color: var(--soft); }
section { padding: 18px 20px 16px; margin: 0 0 16px; }
.caption { color: var(--soft); font-size: 13px; margin: 0 0 12px; }
.scroll { overflow-x: auto; }
.scroll > svg { min-width: 640px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-size: 13px; font-weight: 500; text-align: left; }
th, td { padding: 6px 18px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.mark { width: 24px; font-weight: 700; } .mark.good, .text.good { color: var(--good); } .mark.bad, .text.bad { color: var(--bad); }
.meter { width: 34%; min-width: 120px; padding-left: 12px; padding-right: 0; }
.meter svg { display: block; width: 100%; height: 14px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Arial, sans-serif; font-variant-numeric: tabular-nums; fill: var(--ink); }
svg .tick, svg .panel { fill: var(--faint); } svg .panel { font-weight: 600; fill: var(--soft); }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg .value { font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.grid { stroke: var(--rule); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.latency, .line.p95 { stroke: var(--orange); } .line.p50 { stroke: var(--blue); }
.line.service { stroke: var(--blue); stroke-dasharray: 5 4; }
.dot.latency { fill: var(--orange); stroke: var(--card); stroke-width: 2; }
.bar.accepted { fill: var(--blue); } .bar.failed { fill: var(--bad); } .bar.rejected { fill: var(--amber); } .bar.pale { opacity: 0.4; }
.track { fill: var(--rule); } .fill.good { fill: var(--good); } .fill.bad { fill: var(--bad); } .fill.stage { fill: var(--blue); }
.stop { stroke: var(--ink); stroke-width: 2; }
.limit { stroke-width: 2; } .limit.good { stroke: var(--good); } .limit.bad { stroke: var(--bad); }
svg .limit-label { font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
svg .limit-label.good { fill: var(--good); } svg .limit-label.bad { fill: var(--bad); }
.hover { fill: transparent; } .hover:hover { fill: var(--ink); opacity: 0.07; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.legend li::before { content: ""; display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; background: var(--key); }
.legend .orange { --key: var(--orange); } .legend .blue { --key: var(--blue); } .legend .red { --key: var(--bad); } .legend .amber { --key: var(--amber); }
.facts { margin-top: 8px; display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin-bottom: 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--faint); font-size: 13px; }
@media (max-width: 560px) { .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 8px; } }
@media print { body { padding: 0; } section, .tile { break-inside: avoid; } }
`;
