"""What a user chooses of a run, and the job of workers that it makes."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Errors
from ...extras import require
from ...provenance import checksum
from ..columns import BY_DEFAULT, Columns
from .job import Job, Limit, find_pipeline, system_of
from .rows import columns_of
from .shards import SHARD_BYTES

FORMATS = ("parquet", "csv")


class RunSettings(NamedTuple):
    """What a run is to do; the parts of a `Job` that a user chooses.

    columns (Columns): Columns of the id, the text, and what else travels along with a note.
    format (Optional[str]): "parquet" or "csv"; None: Parquet if pyarrow is installed.
    spans_key (Optional[str]), note_nlp (bool), docs (bool), code (Optional[Path]), batch_size (int), gpu_id (int): As
        of `Job`.
    shard_bytes (int): As for `cut`.
    limit (Limit): How long batches may take.
    """

    columns: Columns = BY_DEFAULT
    format: str | None = None
    spans_key: str | None = None
    note_nlp: bool = False
    docs: bool = False
    code: Path | None = None
    batch_size: int = 64
    gpu_id: int = -1
    shard_bytes: int = SHARD_BYTES
    limit: Limit = Limit()

    def job(self, pipeline: str) -> Job:
        """The job of workers.

        pipeline (str): Path or name of the pipeline.
        RETURNS (Job): The job, beginning today.
        RAISES: CE008 for an unknown format, CE358 if pyarrow is missing, CE470 if there is no pipeline, CE475 if what
            travels along has the name of a column that tables have anyway.
        """
        format = self.format or ("parquet" if find_spec("pyarrow") else "csv")
        if format not in FORMATS:
            raise ValueError(Errors.CE008.format(what="format", value=format, known=", ".join(FORMATS)))
        if format == "parquet":
            require("pyarrow", "A Parquet file")
        own = {name for columns in columns_of(()).values() for name in columns}
        if taken := sorted(own & set(self.columns.also)):
            raise ValueError(Errors.CE475.format(names=", ".join(taken)))
        folder = find_pipeline(pipeline)
        return Job(
            pipeline=str(folder),
            checksum=checksum(folder) or "",
            system=system_of(folder),
            date=datetime.now(UTC).astimezone().date().isoformat(),
            format=format,
            also=self.columns.also,
            spans_key=self.spans_key,
            note_nlp=self.note_nlp,
            docs=self.docs,
            code=None if self.code is None else str(self.code.resolve()),
            batch_size=self.batch_size,
            gpu_id=self.gpu_id,
        )

    def of_notes(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): How notes are read and cut, which may not change between the shards of a run."""
        return {
            "id_column": self.columns.id,
            "text_column": self.columns.text,
            "shard_bytes": self.shard_bytes,
        }


DEFAULTS = RunSettings()
