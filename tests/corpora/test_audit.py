from spacy_clinner.corpora.audit import ImportAudit


def example():
    audit = ImportAudit(documents=2)
    audit.annotations.update(["Drug", "Drug", "Dose"])
    audit.entities.update(["Drug"])
    audit.add("overlapping", "left out", doc_id="a", annotation_id="T2", start=0, end=4, label="Drug")
    audit.add("empty", "not imported", doc_id="a", annotation_id="T3", start=5, end=5, label="Dose")
    audit.add("unannotated", "imported with missing entities", doc_id="b")
    return audit


def test_counts_per_label_and_problem():
    assert list(example().counts()) == [
        ["label", "annotated", "doc.ents", "empty", "overlapping", "unannotated"],
        ["Drug", "2", "1", "", "1", ""],
        ["Dose", "1", "", "1", "", ""],
        ["-", "", "", "", "", "1"],
        ["total", "3", "1", "1", "1", "1"],
    ]


def test_summary_is_aligned():
    lines = [line for line in example().summary().split("\n") if line]
    assert lines[0] == "2 documents"
    assert [line.split()[0] for line in lines[3:]] == ["Drug", "Dose", "-", "total"]
    assert lines[1].index("doc.ents") + len("doc.ents") == lines[-1].index("1") + 1


def test_rows_are_tab_separated(tmp_path):
    example().write_tsv(tmp_path / "new" / "audit.tsv")
    assert (tmp_path / "new" / "audit.tsv").read_text() == (
        "doc_id\tannotation_id\tstart\tend\tlabel\tproblem\taction\n"
        "a\tT2\t0\t4\tDrug\toverlapping\tleft out\n"
        "a\tT3\t5\t5\tDose\tempty\tnot imported\n"
        "b\t\t\t\t\tunannotated\timported with missing entities\n"
    )


def test_an_import_without_documents_has_a_summary():
    assert ImportAudit().summary().split("\n")[0] == "0 documents"
