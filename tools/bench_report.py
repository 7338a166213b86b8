"""The bench's table and its bar chart.

SPDX-License-Identifier: Apache-2.0
"""
from html import escape

BAR, GAP, LEFT, WIDTH, RIGHT = 18, 10, 250, 420, 150
BLUE, GREY, RED = "#2f6f9f", "#c9ced3", "#b03a2e"


def spread(values, digits=1):
    """Median and range: '31.2 (30.9-31.5)'."""
    if not values:
        return "-"
    ordered = sorted(values)
    return f"{median(ordered):.{digits}f} ({ordered[0]:.{digits}f}-{ordered[-1]:.{digits}f})"


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def table(rows):
    """rows: lists of text, the first being the head; Markdown, columns padded."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def panel(title, bars, goal, top, unit):
    """One group of bars: bars are (label, value, low, high) or (label, None, ...) for no figure."""
    largest = max([goal] + [high for _, value, _, high in bars if value is not None]) * 1.05
    scale = WIDTH / largest
    out = [f'<text x="10" y="{top + 14}" font-weight="bold">{escape(title)}</text>']
    y = top + 26
    for label, value, low, high in bars:
        out.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>')
        if value is None:
            out.append(f'<text x="{LEFT}" y="{y + 13}" fill="{RED}">no clean run</text>')
        else:
            out.append(f'<rect x="{LEFT}" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="{BLUE}"/>')
            out.append(f'<path d="M{LEFT + low * scale:.1f} {y + BAR / 2}H{LEFT + high * scale:.1f}" stroke="#000"/>')
            out.append(f'<text x="{LEFT + WIDTH + 8}" y="{y + 13}">{value:.2f}{unit}</text>')
        y += BAR + GAP
    x = LEFT + goal * scale
    out.append(f'<path d="M{x:.1f} {top + 22}V{y - GAP + 4}" stroke="{RED}" stroke-dasharray="4 3"/>')
    out.append(f'<text x="{x:.1f}" y="{top + 16}" fill="{RED}" text-anchor="middle">{goal:g}{unit}</text>')
    return out, y + 14


def chart(heading, panels):
    """SVG text. panels: (title, bars, goal, unit)."""
    body, y = [f'<text x="10" y="20" font-size="14">{escape(heading)}</text>'], 34
    for title, bars, goal, unit in panels:
        lines, y = panel(title, bars, goal, y, unit)
        body += lines
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{y}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
                      f'<rect width="100%" height="100%" fill="#fff"/>', *body, "</svg>", ""])
