# SPDX-License-Identifier: Apache-2.0
"""Draws the picture of bench/row_growth.py: p99 and rate of each call over the number of sessions."""

import math

COLOURS = ["#3b5d8f", "#4f9d9d", "#c8553d", "#d9a441"]
WIDTH, PANEL, LEFT, TOP, HEIGHT = 860, 350, 60, 60, 260


def panel(x, title, calls, sizes, values):
    """Draws one diagram, both axes logarithmic: values[call] is a list over the sizes."""
    low = math.floor(math.log10(min(min(of) for of in values.values())))
    high = math.ceil(math.log10(max(max(of) for of in values.values())))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def at(size, value):
        return (
            x + (math.log10(size) - first) / (last - first) * (PANEL - 40),
            TOP + HEIGHT - (math.log10(value) - low) / (high - low) * HEIGHT,
        )

    rows = [f'<text x="{x}" y="{TOP - 18}" font-weight="600">{title}</text>']
    for power in range(low, high + 1):
        _, y = at(sizes[0], 10**power)
        rows.append(
            f'<line x1="{x}" x2="{x + PANEL - 40}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/><text x="{x - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="12">{f"{10**power:,}" if power >= 0 else 10**power}</text>'
        )
    for size in sizes:
        place, _ = at(size, 10**low)
        rows.append(
            f'<text x="{place:.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle" font-size="12">10<tspan dy="-5" font-size="9">{math.log10(size):.0f}</tspan></text>'
        )
    for call, colour in zip(calls, COLOURS):
        points = [at(size, value) for size, value in zip(sizes, values[call])]
        rows.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}"/>'
        )
        rows += [
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"><title>{call}, {size:,} sessions: {value:,.2f}</title></circle>'
            for (px, py), size, value in zip(points, sizes, values[call])
        ]
    return rows


def plot(measured, offered):
    """Returns the picture. `measured`: {sessions: {call: (p99 in ms, rate)}}; `offered`: {call: requests a
    second at which the p99 was taken}."""
    sizes, calls = sorted(measured), list(offered)
    rows = []
    for number, title in enumerate(["p99 at a fixed rate, ms", "rate with all connections busy, answers/s"]):
        rows += panel(
            LEFT + number * (PANEL + 70),
            title,
            calls,
            sizes,
            {call: [measured[size][call][number] for size in sizes] for call in calls},
        )
    y = TOP + HEIGHT + 44
    rows.append(f'<text x="{LEFT}" y="{y}">sessions in the database</text>')
    for number, (call, colour) in enumerate(zip(calls, COLOURS)):
        x = LEFT + number % 2 * 300
        line = y + number // 2 * 24
        rows.append(
            f'<rect x="{x}" y="{line + 15}" width="13" height="13" rx="2" fill="{colour}"/><text x="{x + 20}" y="{line + 26}">{call}, p99 at {offered[call]:,}/s</text>'
        )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 68}" width="{WIDTH}" height="{y + 68}" font-family="system-ui, sans-serif" font-size="14" fill="#222" role="img">',
            "<title>What calls take, and how many can be had, from a thousand sessions to ten million</title>",
            f'<rect width="{WIDTH}" height="{y + 68}" fill="#fbfaf7"/>',
            *rows,
            "</svg>",
            "",
        ]
    )
