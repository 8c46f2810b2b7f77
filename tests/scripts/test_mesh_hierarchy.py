from scripts import mesh_hierarchy
from spacy_clinner.pipeline.relations.hierarchy import read_broader_concepts


def test_what_mesh_numbers_as_above_is_broader(tmp_path):
    headings = tmp_path / "headings.tsv"
    rows = ["D1\tKidney Diseases\t\tC12.050|C13", "D2\tNephrosis\tNephroses\tC12.050.351|C13.9", "D3\tNone\t\t"]
    # a heading below itself, and one below a number that no heading has
    rows += ["D4\tTwice\t\tC12.050.351.1|C12.050.351.1.2", "D5\tLost\t\tC99.1"]
    headings.write_text("\n".join(rows) + "\n", encoding="utf8")
    mesh_hierarchy.main(headings, tmp_path / "broader.tsv")
    assert read_broader_concepts(tmp_path / "broader.tsv") == [("D2", "D1"), ("D4", "D2")]
