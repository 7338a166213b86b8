/* The page's style: ink on paper, on a screen and on A4.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_DOSSIER_DOSSIER_STYLE_H
#define GOVERN_DOSSIER_DOSSIER_STYLE_H

/* clang-format off */
#define DOSSIER_STYLE \
    ":root{--ink:#1b1f24;--soft:#5a626c;--line:#d5dae0;--paper:#fff;--wash:#f5f7f9;" \
    "--allow:#1f6f43;--ask:#8a5a00;--deny:#a3242b;--draft:#7a4b00;--sheet:#fffdf8;--gap:#fff3d6}" \
    "*{box-sizing:border-box}" \
    "html{background:#e9ecef}" \
    "body{margin:2rem auto;max-width:60rem;padding:3.5rem 4rem;background:var(--paper);color:var(--ink);" \
    "font:15px/1.55 'Source Serif 4','Noto Serif',Georgia,'Liberation Serif','DejaVu Serif','Times New Roman','Noto Serif CJK SC','Songti SC',SimSun,serif;" \
    "box-shadow:0 1px 4px rgba(0,0,0,.15)}" \
    "h1,h2,h3,th,.kind,.made,.badge,.what,.below,nav,.stamp,.by,.unknown{font-family:'Inter','Noto Sans'," \
    "'Noto Sans CJK SC','Helvetica Neue',Arial,'PingFang SC','Microsoft YaHei',sans-serif}" \
    "header{border-bottom:3px solid var(--ink);padding-bottom:1rem;margin-bottom:1.5rem}" \
    ".kind{margin:0;font-size:.85rem;letter-spacing:.06em;color:var(--soft)}" \
    "h1{margin:.2rem 0;font-size:2.1rem;line-height:1.2;overflow-wrap:anywhere}" \
    ".made{margin:0;font-size:.8rem;color:var(--soft)}" \
    "h2{font-size:1.25rem;margin:0 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}" \
    "h2 .no{display:inline-block;min-width:2rem;color:var(--soft);font-weight:400}" \
    "h3{font-size:.95rem;margin:1.4rem 0 .5rem}" \
    ".zh{color:var(--soft);font-weight:400;margin-left:.35em}" \
    "section{margin:2.6rem 0;break-inside:auto}" \
    ".summary{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.5rem 0}" \
    ".box{border:1px solid var(--line);padding:.8rem 1rem;background:var(--wash)}" \
    ".box p{margin:0 0 .35rem}.box .what{font-size:.78rem;color:var(--soft)}" \
    ".box .below{font-size:.8rem;color:var(--soft);margin:0;overflow-wrap:anywhere}" \
    "aside{border-left:3px solid var(--line);padding:.2rem 1rem;margin:1.5rem 0}" \
    "aside h2{font-size:.9rem;border:0;margin:0 0 .2rem;padding:0}" \
    ".note{color:var(--soft);font-size:.9rem;margin:.4rem 0}" \
    "nav ol{columns:2;column-gap:2.5rem;padding-left:1.6rem;margin:0;font-size:.88rem}" \
    "nav li{break-inside:avoid;margin:.15rem 0}nav a{color:inherit;text-decoration:none}" \
    "nav a:hover{text-decoration:underline}" \
    "table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.5rem 0}" \
    "th{text-align:left;font-weight:600;font-size:.8rem;vertical-align:top}" \
    "th .zh{display:block;margin:0}" \
    "td,th{padding:.38rem .6rem .38rem 0;border-bottom:1px solid var(--line);vertical-align:top;" \
    "overflow-wrap:anywhere}" \
    ".facts th{width:31%;color:var(--ink)}" \
    "thead th{border-bottom:1.5px solid var(--ink);white-space:nowrap;min-width:4.6em;padding-right:1rem}" \
    ".block{display:block;white-space:pre-wrap}" \
    "tr{break-inside:avoid}.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}" \
    ".id{overflow-wrap:normal}.list td:first-child{min-width:5.5em}" \
    "code{font:12px/1.45 'JetBrains Mono','Noto Sans Mono',Menlo,Consolas,monospace;overflow-wrap:anywhere}" \
    ".badge{display:inline-block;padding:.05rem .5rem;border:1.5px solid currentColor;border-radius:2px;" \
    "font-size:.78rem;font-weight:700;letter-spacing:.03em;white-space:nowrap}" \
    ".badge.allow{color:var(--allow)}.badge.ask{color:var(--ask)}.badge.deny{color:var(--deny)}" \
    ".badge.plain{color:var(--ink)}" \
    ".rule{margin:.7rem 0;padding-left:.9rem;border-left:2px solid var(--line);break-inside:avoid}" \
    ".rule p{margin:.2rem 0}.next:before{content:'\\2192\\00a0'}.next{color:var(--soft)}" \
    "blockquote{margin:.4rem 0;padding:.4rem .9rem;background:var(--wash);font-size:.9rem}" \
    ".by{color:var(--soft);font-size:.78rem}.unknown{color:var(--soft);font-style:italic;font-size:.85rem}" \
    ".cp{font:11px monospace;border:1px solid var(--deny);color:var(--deny);padding:0 .2em}" \
    ".draft{border:1.5px dashed var(--draft);padding:1.2rem 1.4rem;background:var(--sheet)}" \
    ".stamp{font-size:.82rem;color:var(--draft);border-bottom:1px solid var(--line);padding-bottom:.6rem}" \
    ".gap{background:var(--gap);border-bottom:1px dotted var(--draft);color:var(--draft);font-size:.88em}" \
    ".sheet{font-size:inherit;margin:0}.sheet>thead>tr>td,.sheet>tbody>tr>td{border:0;padding:0}" \
    ".sheet>tbody>tr{break-inside:auto}" \
    "@media screen and (max-width:48rem){body{margin:0;padding:1.2rem}nav ol{columns:1}.facts th{width:40%}" \
    ".draft{padding:.8rem .9rem}.list{display:block;overflow-x:auto}.list td{min-width:7em}" \
    ".list td.num{min-width:0}thead th{padding-right:.8rem}}" \
    "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e6e8eb;--soft:#a3abb5;" \
    "--line:#39414a;--paper:#1a1e23;--wash:#22272d;--allow:#6cc694;--ask:#e0b152;--deny:#f08a8f;" \
    "--draft:#e0b152;--sheet:#211d14;--gap:#3a2f16}html{background:#111417}body{box-shadow:none}}" \
    "@page{size:A4;margin:18mm 16mm}" \
    "@media print{html{background:none}body{margin:0;padding:0;max-width:none;box-shadow:none;font-size:10.5pt}" \
    ".summary{grid-template-columns:repeat(4,1fr)}section{margin:1.4rem 0}h2,h3{break-after:avoid}.draft{break-before:page}" \
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}"
/* clang-format on */

#endif
