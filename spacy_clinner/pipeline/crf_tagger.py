def make_crf_tagger():
    """Being written."""
