"""OMOP's NOTE_NLP: a row an entity, with the flags that its users ask for in columns of their own.

https://ohdsi.github.io/CommonDataModel/cdm54.html#note_nlp
"""

from typing import Any

from ...reports.table import SEPARATOR
from .job import Job
from .rows import Rows

NOTE_NLP = {
    "note_nlp_id": "int64",
    "note_id": "string",
    "section_concept_id": "int64",
    "snippet": "string",
    "offset": "int64",
    "lexical_variant": "string",
    "note_nlp_concept_id": "int64",
    "nlp_system": "string",
    "nlp_date": "string",
    "term_exists": "string",
    "term_temporal": "string",
    "term_modifiers": "string",
    "note_nlp_source_concept_id": "int64",
    # not of the standard: what `term_modifiers` holds, and what the standard has no place for
    "end_offset": "int64",
    "label": "string",
    "section": "string",
    "probability": "float64",
    "negated": "bool",
    "uncertain": "bool",
    "historical": "bool",
    "hypothetical": "bool",
    "family": "bool",
}
FLAGS = ("negated", "uncertain", "historical", "hypothetical", "family")
# with any of them the patient does not have, and has not had, what the words name
ABSENT = {"negated", "hypothetical", "family"}
# ids of rows are whole numbers that need no counter that workers would share
ROWS_PER_SHARD = 10**9
# no concept of a vocabulary, as OMOP writes it
UNMAPPED = 0


def note_nlp_rows(rows: Rows, shard: int, n_before: int, job: Job) -> list[dict[str, Any]]:
    """The NOTE_NLP rows of a note.

    rows (Dict[str, List[Dict[str, Any]]]): Its rows by table.
    shard (int): Number of its shard.
    n_before (int): NOTE_NLP rows that the shard has already.
    job (Job): The job, which knows the pipeline's name and the day.
    RETURNS (List[Dict[str, Any]]): A row for each of its entities: the columns `NOTE_NLP`. Entities are not mapped to
        concepts; a flag is false as well if nobody looked for assertions.
    """
    return [
        _row(entity, ROWS_PER_SHARD * shard + n_before + n, job) for n, entity in enumerate(rows.get("entities", ()), 1)
    ]


def _row(entity: dict[str, Any], number: int, job: Job) -> dict[str, Any]:
    said = set((entity["assertions"] or "").split(SEPARATOR)) - {""}
    return {
        "note_nlp_id": number,
        "note_id": entity["id"],
        "section_concept_id": UNMAPPED,
        "snippet": entity["text"],
        "offset": entity["start"],
        "lexical_variant": entity["text"],
        "note_nlp_concept_id": UNMAPPED,
        "nlp_system": job.system,
        "nlp_date": job.date,
        "term_exists": "N" if said & ABSENT else "Y",
        "term_temporal": "Past" if "historical" in said else "Present",
        "term_modifiers": SEPARATOR.join(f"{flag}=true" for flag in FLAGS if flag in said) or None,
        "note_nlp_source_concept_id": UNMAPPED,
        "end_offset": entity["end"],
        "label": entity["label"],
        "section": entity["section"],
        "probability": entity["probability"],
        **{flag: flag in said for flag in FLAGS},
    }
