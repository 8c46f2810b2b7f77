"""One annotated note as one HTML page that needs nothing but itself."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from jinja2 import Environment

from .annotations import Annotation, Link, show_probability
from .arcs import draw_relations

# A page that holds a patient's note must not be able to send anything anywhere.
TEMPLATE = """\
<!DOCTYPE html>
<html lang="{{ lang }}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { margin: 2rem auto; max-width: 52rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #1c1c1c;
  background: #fafafa; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; margin: 0 0 1rem; list-style: none;
  font-size: .8rem; }
.legend li { padding: .1rem .5rem; border-radius: .3rem; }
.note { padding: 1.2rem 1.5rem; background: #fff; border: 1px solid #ddd; border-radius: .5rem; line-height: 2.1;
  white-space: pre-wrap; overflow-wrap: anywhere; }
mark { padding: .15em .1em; color: inherit; border-radius: .2em; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
.tag { padding: .1em .4em; margin: 0 .15em; border-radius: .3em; font-size: .68em; font-weight: 600;
  white-space: nowrap; user-select: none; }
.tag b { font-weight: 400; }
.unsure { outline: 1px dashed #b00020; }
.negated { text-decoration: line-through; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .6rem; }
figure { margin: 0 0 .8rem; padding: .6rem 1rem; background: #fff; border: 1px solid #ddd; border-radius: .5rem;
  overflow-x: auto; }
svg text { font: 13px monospace; white-space: pre; }
svg .arc { fill: none; stroke: #777; }
svg .arc-label { font: 11px system-ui, sans-serif; text-anchor: middle; paint-order: stroke; stroke: #fff;
  stroke-width: 4px; }
{% for colour in colours.values() -%}
.c{{ loop.index0 }} { background: hsl({{ colour }} 85% 88%); fill: hsl({{ colour }} 85% 88%); }
.tag.c{{ loop.index0 }}, .legend .c{{ loop.index0 }} { \
background: hsl({{ colour }} 70% 78%); }
{% endfor -%}
@media print { body { margin: 0; background: none; } mark, .tag, .legend li { print-color-adjust: exact; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<ul class="legend" aria-label="Labels">
{% for label, count in counts.items() -%}
<li class="c{{ loop.index0 }}">{{ label }} {{ count }}</li>
{% else -%}
<li>no entities</li>
{% endfor -%}
{% if unsure %}<li class="unsure">probability below {{ threshold }}</li>{% endif %}
</ul>
<main class="note" lang="{{ lang }}">
{%- for text, over, ending in segments -%}
{%- if over -%}
<mark class="c{{ index[over[-1].label] }}{{ ' negated' if 'negated' in over[-1].assertions }}" \
title="{{ over | map('describe') | join('; ') }}">{{ text }}</mark>
{%- else -%}
{{ text }}
{%- endif -%}
{%- for entity in ending -%}
<span class="tag c{{ index[entity.label] }}{{ ' unsure' if entity is unsure }}">{{ entity.label -}}
{%- for assertion in entity.assertions %} {{ assertion }}{% endfor -%}
{%- if entity.probability is not none %} <b>{{ entity.probability | probability }}</b>{% endif -%}
</span>
{%- endfor -%}
{%- endfor -%}
</main>
{% if diagrams %}<h2>Relations, from head to child</h2>{% endif %}
{% for diagram in diagrams -%}
<figure>
<svg width="{{ diagram.width }}" height="{{ diagram.height }}" role="img" aria-label="Relations">
{% if loop.first -%}
<defs><marker id="tip" viewBox="0 0 8 8" refX="4" refY="7" markerWidth="7" markerHeight="7">\
<path d="M0 0L4 8L8 0z" fill="#777"/></marker></defs>
{% endif -%}
{% for piece in diagram.pieces -%}
{%- if piece.entity is not none -%}
<rect x="{{ piece.x }}" y="{{ diagram.height - 22 }}" width="{{ piece.width }}" height="20" rx="3" \
class="c{{ index[piece.entity.label] }}"><title>{{ piece.entity | describe }}</title></rect>
{%- endif -%}
<text x="{{ piece.x }}" y="{{ diagram.height - 7 }}" textLength="{{ piece.width }}" \
lengthAdjust="spacingAndGlyphs">{{ piece.text }}</text>
{% endfor -%}
{% for arc in diagram.arcs -%}
<path class="arc" marker-end="url(#tip)" \
d="M{{ arc.head_x }} {{ arc.foot }}V{{ arc.y }}H{{ arc.child_x }}V{{ arc.foot - 2 }}"/>
<text class="arc-label" x="{{ (arc.head_x + arc.child_x) // 2 }}" y="{{ arc.y + 4 }}">{{ arc.link.label }}
{%- if arc.link.probability is not none %} {{ arc.link.probability | probability }}{% endif %}</text>
{% endfor -%}
</svg>
</figure>
{% endfor -%}
</body>
</html>
"""
GOLDEN_ANGLE = 137.508
UNSURE = 0.5


def annotation_page(
    text: str, annotations: Sequence[Annotation], links: Sequence[Link] = (), *, title: str, lang: str = "en"
) -> str:
    """Render a note with its entities: a colour a label, assertions and probability beside each entity, a legend; and,
    below, its relations as arcs.

    Entities may overlap: text under several takes the colour of the innermost.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start, longest first.
    links (Sequence[Link]): Its relations.
    title (str): Heading of the page.
    lang (str): Language of the note, a BCP 47 tag.
    RETURNS (str): The page; all of the note, of the labels and of the title is escaped.
    """
    counts = Counter(entity.label for entity in annotations)
    labels = sorted(counts)
    environment = Environment(autoescape=True)
    environment.filters["describe"] = _describe
    environment.filters["probability"] = show_probability
    environment.tests["unsure"] = _is_unsure
    return environment.from_string(TEMPLATE).render(
        title=title,
        lang=lang,
        counts={label: counts[label] for label in labels},
        index={label: i for i, label in enumerate(labels)},
        colours={label: round(i * GOLDEN_ANGLE % 360) for i, label in enumerate(labels)},
        segments=segments(text, annotations),
        diagrams=draw_relations(text, annotations, links),
        unsure=any(map(_is_unsure, annotations)),
        threshold=UNSURE,
    )


def segments(text: str, annotations: Sequence[Annotation]) -> list[tuple[str, list[Annotation], list[Annotation]]]:
    """Cut a text wherever an entity starts or ends.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start, longest first.
    RETURNS (List[Tuple]): For each piece its text, the entities over it (outermost first), and those that end with it.
    """
    cuts = sorted({0, len(text)}.union(*((entity.start, entity.end) for entity in annotations)))
    return [
        (
            text[start:end],
            [entity for entity in annotations if entity.start <= start and end <= entity.end],
            [entity for entity in annotations if entity.end == end],
        )
        for start, end in pairwise(cuts)
    ]


def _describe(entity: Annotation) -> str:
    sure = "" if entity.probability is None else f", probability {show_probability(entity.probability)}"
    assertions = "".join(f", {assertion}" for assertion in entity.assertions)
    return f"{entity.label}, characters {entity.start}-{entity.end}{assertions}{sure}"


def _is_unsure(entity: Annotation) -> bool:
    return entity.probability is not None and entity.probability < UNSURE
