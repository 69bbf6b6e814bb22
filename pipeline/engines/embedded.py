"""The embedded engine: one in-memory DuckDB that runs named queries over named relations.

Reads only what it is given, keeps results as temporary tables, and forgets everything when it closes. It writes no
file, downloads no extension, and answers in UTC whatever the machine's time zone is.
"""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import duckdb
import pyarrow as pa

from pipeline.contracts.codelist import CodeList
from pipeline.engines.query import Query
from pipeline.errors import PipelineError
from pipeline.rules.key_ranges import KeyRange

# Nothing is fetched or found by itself, and answers come in the order the rows were read. Looking for parts of a plan
# that are alike writes each part out with every value that is numbered in it, and costs more than it finds.
_NOT_OPTIMISED = "common_subplan"
_SETTINGS: dict[str, str | bool] = {
    "preserve_insertion_order": True,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "disabled_optimizers": _NOT_OPTIMISED,
}
_TYPES = {"text": "varchar", "integer": "integer", "decimal": "decimal(18, 6)"}


class Engine:
    """One connection with a lifetime: `with Engine(threads=2, memory_limit="2GB") as engine: …`."""

    def __init__(self, *, threads: int, memory_limit: str, spill_folder: str = "") -> None:
        """`threads` never changes an answer; `memory_limit` as DuckDB writes it, e.g. '4GB'.

        What does not fit in memory is an error, unless a folder inside the home is named for it.
        """
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": memory_limit,
                # Person-level rows must not spill into whatever folder the process happens to stand in.
                "temp_directory": spill_folder,
                **_SETTINGS,
            },
        )
        # What carries a name: 'arrow' (registered), 'view' or 'table'. Nothing gets one but through this class.
        self._kinds: dict[str, str] = {}
        self._numbered: dict[str, frozenset[str]] = {}
        self._run("set TimeZone = 'UTC'")
        self._run("set enable_progress_bar = false")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add_arrow(self, name: str, table: pa.Table) -> None:
        """Give an Arrow table a name; a relation of the same name is replaced."""
        self._forget(name)
        self._connection.register(name, table)
        self._kinds[name] = "arrow"

    def add_parquet(self, name: str, files: Sequence[str], *, schema: pa.Schema | None = None) -> None:
        """A view over the data files (URIs, as Delta names them); partition values come back from the path, as text.

        With a schema the view has its columns, in its order, and may stand on no file at all; a column that an earlier
        release did not write is null. PipelineError if there is neither file nor schema.
        """
        if not files:
            if schema is None:
                raise PipelineError(f"no data file and no schema for the relation {name}")
            self.add_arrow(name, schema.empty_table())
            return
        listed = ", ".join(_literal(unquote(path.removeprefix("file://"))) for path in files)
        # The shape is ours and no person's: this is the one statement that is put together from text.
        rows = f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
        columns = "*"
        if schema is not None:
            shape = f"_shape_of_{name}"
            self.add_arrow(shape, schema.empty_table())
            columns = ", ".join(_identifier(column) for column in schema.names)
            rows = f"(select * from {_identifier(shape)} union all by name select * from {rows})"
        self._show(name, f"select {columns} from {rows}")

    def add_codelist(self, codelist: CodeList) -> None:
        """The code list as table `codelist_<name>`: text, but for the columns its declaration types otherwise."""
        columns = ", ".join(
            f"cast({_identifier(column)} as {_TYPES[kind]}) as {_identifier(column)}"
            for column, kind in codelist.columns.items()
        )
        self._keep(
            f"select {columns} from read_csv({_literal(str(codelist.path))}, "
            "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', nullstr = '')",
            name=f"codelist_{codelist.name}",
        )

    def add_codelists(self, codelists: Iterable[CodeList]) -> None:
        for codelist in codelists:
            self.add_codelist(codelist)

    def keep(self, query: Query, *, name: str | None = None, **parameters: object) -> int:
        """Run the query and keep its answer as a table called `name` or as the query is called; rows kept."""
        return self._keep(_statement(query), _passed(query, parameters), name=name or query.name)

    def number(
        self, column: str, *, of: str, also: Sequence[str] = (), also_of: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Number a relation's values of a column, these, and those of other relations' columns (`also_of`), in order.

        The numbers are the engine's own (a DuckDB ENUM): queries compare and order by them as by the text, and answers
        hold the text. Nothing kept under a former numbering of the column may be left (`forget`).
        """
        # A numbering of nothing at all is refused by the engine; the empty text never hurts.
        values = [f"select {_literal(value)} as value" for value in ("", *also)]
        values += [f"select {_identifier(name)} from {_identifier(place)}" for place, name in ((of, column), *also_of)]
        self._run(f"drop type if exists {_numbering(column)}")
        self._run(
            f"create type {_numbering(column)} as enum "
            f"(select value from ({' union '.join(values)}) where value is not null order by 1)"
        )

    def keep_numbered(
        self,
        query: Query,
        *,
        name: str,
        columns: Sequence[str],
        people_of: str,
        without: Sequence[str] = (),
        **parameters: object,
    ) -> int:
        """As `keep`, of the people of a relation only, with person_key and these columns numbered; rows kept.

        Columns that nobody asks for are left out.

        Joins are made as written, with what stands on their right in memory: after so many conditions the engine takes
        the greatest relation for the smallest, and would hold that. A person's number comes with the join to the
        people, which is dearer to find for each row.
        """
        number = f"cast(person_key as {_numbering('person_key')}) as number"
        taken = ", ".join(["listed.number as person_key", *_by_number(columns)])
        left_out = f"exclude ({', '.join(_identifier(column) for column in without)})" if without else ""
        statement = (
            f"select answer.* {left_out} replace ({taken}) from ({_statement(query)}) as answer "
            f"inner join (select distinct person_key, {number} from {_identifier(people_of)}) as listed "
            "on answer.person_key = listed.person_key"
        )
        self._run(f"set disabled_optimizers = '{_NOT_OPTIMISED},build_side_probe_side'")
        try:
            kept = self._keep(statement, _passed(query, parameters), name=name)
        finally:
            self._run(f"set disabled_optimizers = '{_NOT_OPTIMISED}'")
        self._numbered[name] = frozenset({"person_key", *columns})
        return kept

    def _keep(self, statement: str, parameters: dict[str, object] | None = None, *, name: str) -> int:
        # Built beside and then renamed, so that a query may read the table it replaces.
        [(rows,)] = self._run(f"create temp table _kept as {statement}", parameters)
        self._forget(name)
        self._run(f"alter table _kept rename to {_identifier(name)}")
        self._kinds[name] = "table"
        return int(rows)

    def _show(self, name: str, statement: str) -> None:
        self._forget(name)
        self._run(f"create temp view {_identifier(name)} as {statement}")
        self._kinds[name] = "view"

    def fetch(self, query: Query, **parameters: object) -> pa.Table:
        """Run the query and return its answer."""
        return self._fetch(_statement(query), _passed(query, parameters))

    def fetch_by_number(self, query: Query, **parameters: object) -> pa.Table:
        """As `fetch`, with the numbers of person_key, which must be numbered, in place of its texts."""
        statement = f"select * replace (enum_code(person_key) as person_key) from ({_statement(query)})"
        return self._fetch(statement, _passed(query, parameters))

    def _fetch(self, statement: str, parameters: dict[str, object]) -> pa.Table:
        return _as_text(self._connection.sql(statement, params=parameters).to_arrow_table())

    def batches(
        self, query: Query, *, ordered_by: Sequence[str], rows: int, **parameters: object
    ) -> pa.RecordBatchReader:
        """The query's answer in the order of these columns, as a stream of batches of at most so many rows.

        The engine takes no other statement until the stream is read to its end.
        """
        order = ", ".join(f"{_identifier(column)} asc nulls first" for column in ordered_by)
        statement = f"select * from ({_statement(query)}) order by {order}"
        return self._connection.sql(statement, params=_passed(query, parameters)).to_arrow_reader(rows)

    def show_people(self, name: str, *, of: str, people: KeyRange) -> None:
        """Make `name` a view of those rows of another relation whose person_key lies in the range."""
        self._show(name, f"select * from {_identifier(of)} where {_within('person_key', people)}")

    def keep_all_numbered(self, name: str, *, of: str, columns: Sequence[str]) -> None:
        """Keep all rows of another relation, or of the same, with these columns numbered."""
        self._keep(f"select * replace ({', '.join(_by_number(columns))}) from {_identifier(of)}", name=name)
        self._numbered[name] = frozenset(columns)

    def is_numbered(self, name: str, column: str) -> bool:
        """Whether a kept relation's column was kept as numbers."""
        return column in self._numbered.get(name, frozenset())

    def numbers_of(self, name: str, column: str) -> pa.Array:
        """A numbered column's numbers, sorted."""
        statement = f"select enum_code({_identifier(column)}) as number from {_identifier(name)} order by number"
        return self._fetch(statement, {})["number"].combine_chunks()

    def keep_people(self, name: str, *, of: str, listed_in: str) -> int:
        """Keep those rows of a relation whose person_key another one lists, as a table; rows kept."""
        listed = f"(select person_key from {_identifier(listed_in)})"
        return self._keep(f"select * from {_identifier(of)} where person_key in {listed}", name=name)

    def show_people_moved(self, name: str, *, of: str, moved: str, changes: str, people: KeyRange) -> None:
        """As `show_people`, but who is listed in `changes` is shown where their current_person_key lies.

        `moved` holds the rows of `of` of at least these.
        """
        gone = f"(select person_key from {_identifier(changes)})"
        come = f"(select person_key from {_identifier(changes)} where {_within('current_person_key', people)})"
        self._show(
            name,
            f"select * from {_identifier(of)} where {_within('person_key', people)} and person_key not in {gone} "
            f"union all select * from {_identifier(moved)} where person_key in {come}",
        )

    def rename(self, name: str, *, to: str) -> None:
        """Call a kept table otherwise; a relation of that name is replaced."""
        self._forget(to)
        self._run(f"alter table {_identifier(name)} rename to {_identifier(to)}")
        self._kinds[to] = self._kinds.pop(name)
        if name in self._numbered:
            self._numbered[to] = self._numbered.pop(name)

    def table(self, name: str) -> pa.Table:
        """All rows of a relation that was added or kept."""
        return _as_text(self._connection.table(name).to_arrow_table())

    def holds(self, name: str) -> bool:
        """Whether a relation of this name was added or kept."""
        return name in self._kinds

    def count(self, name: str) -> int:
        """Rows of a relation that was added or kept."""
        [(rows,)] = self._run(f"select count(*) from {_identifier(name)}")
        return int(rows)

    def forget(self, *names: str) -> None:
        """Drop these relations, where they are there."""
        for name in names:
            self._forget(name)

    def _forget(self, name: str) -> None:
        """Drop whatever carries the name: an Arrow registration, a view or a kept table."""
        kind = self._kinds.pop(name, None)
        self._numbered.pop(name, None)
        if kind == "arrow":
            self._connection.unregister(name)
        elif kind is not None:
            self._run(f"drop {kind} {_identifier(name)}")

    def _run(self, statement: str, parameters: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement to its end: the connection takes no other while an answer is not fetched."""
        return self._connection.execute(statement, parameters or {}).fetchall()


def _statement(query: Query) -> str:
    return query.text.rstrip().rstrip(";")


def _passed(query: Query, parameters: dict[str, object]) -> dict[str, object]:
    """Exactly the parameters the query mentions: DuckDB refuses one too many and one too few."""
    missing = query.parameters - parameters.keys()
    if missing:
        raise PipelineError(f"the query {query.name} needs {', '.join(sorted(missing))}")
    return {name: parameters[name] for name in sorted(query.parameters)}


def _numbering(column: str) -> str:
    """The type that numbers a column's values."""
    return _identifier(f"_number_of_{column}")


def _by_number(columns: Sequence[str]) -> list[str]:
    """What stands in `replace (…)` to take these columns by their numbers."""
    return [f"cast({_identifier(column)} as {_numbering(column)}) as {_identifier(column)}" for column in columns]


def _as_text(answer: pa.Table) -> pa.Table:
    """The answer with texts in place of the engine's numbers for them: readers never meet those."""
    for place, field in enumerate(answer.schema):
        if pa.types.is_dictionary(field.type):
            answer = answer.set_column(place, field.name, answer[field.name].cast(field.type.value_type))
    return answer


def _within(column: str, people: KeyRange) -> str:
    """The condition that a key lies in the range."""
    bounds = [f"{column} >= {_literal(people.first)}"] if people.first else []
    bounds += [f"{column} < {_literal(people.before)}"] if people.before is not None else []
    return " and ".join(bounds) or "true"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
