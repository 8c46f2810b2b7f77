"""One annotated note as one HTML page that needs nothing but itself."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from jinja2 import Environment

from .annotations import Annotation

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
{% for colour in colours.values() -%}
.c{{ loop.index0 }} { background: hsl({{ colour }} 85% 88%); } .tag.c{{ loop.index0 }}, .legend .c{{ loop.index0 }} { \
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
<mark class="c{{ index[over[-1].label] }}" title="{{ over | map('describe') | join('; ') }}">{{ text }}</mark>
{%- else -%}
{{ text }}
{%- endif -%}
{%- for entity in ending -%}
<span class="tag c{{ index[entity.label] }}{{ ' unsure' if entity is unsure }}">{{ entity.label -}}
{%- if entity.probability is not none %} <b>{{ '%.2f' % entity.probability }}</b>{% endif -%}
</span>
{%- endfor -%}
{%- endfor -%}
</main>
</body>
</html>
"""
GOLDEN_ANGLE = 137.508
UNSURE = 0.5


def annotation_page(text: str, annotations: Sequence[Annotation], *, title: str, lang: str = "en") -> str:
    """Render a note with its entities: a colour a label, the probability beside each entity, a legend.

    Entities may overlap: text under several takes the colour of the innermost.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start, longest first.
    title (str): Heading of the page.
    lang (str): Language of the note, a BCP 47 tag.
    RETURNS (str): The page; all of the note, of the labels and of the title is escaped.
    """
    counts = Counter(entity.label for entity in annotations)
    labels = sorted(counts)
    environment = Environment(autoescape=True)
    environment.filters["describe"] = _describe
    environment.tests["unsure"] = _is_unsure
    return environment.from_string(TEMPLATE).render(
        title=title,
        lang=lang,
        counts={label: counts[label] for label in labels},
        index={label: i for i, label in enumerate(labels)},
        colours={label: round(i * GOLDEN_ANGLE % 360) for i, label in enumerate(labels)},
        segments=segments(text, annotations),
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
    sure = "" if entity.probability is None else f", probability {entity.probability:.3f}"
    return f"{entity.label}, characters {entity.start}-{entity.end}{sure}"


def _is_unsure(entity: Annotation) -> bool:
    return entity.probability is not None and entity.probability < UNSURE
