"""Everything that is written down about the people of a block, extract by extract, as its sender would write it."""

from pipeline.synthetic.records.records import EXTRACTS, Records, write_records
from pipeline.synthetic.records.rows import Rows

__all__ = ["EXTRACTS", "Records", "Rows", "write_records"]
