"""What practices have said about the people of a run, as known to that run.

A run knows the files received before its cut-off (all there are, with today's knowledge) and read before it was frozen;
their digest is part of its key. Free text is opened only for a practice's own pack, and the audit says so.
"""

import io
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.answers import Answers
from pipeline.ledger import audit, feedback, runs
from pipeline.ledger.feedback import SEALED, Answer, FeedbackFile
from pipeline.ledger.runs import Run
from pipeline.rules.answers import DATES, NOMINATED, NOMINATION_TEXTS, TEXTS, Change, Value, standing
from pipeline.rules.run_key import digest_of
from pipeline.rules.times import intake_cut_off
from pipeline.rules.written_over import Copy, written_over
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import codes_of, reference_of
from pipeline.store import layout, tables
from pipeline.store.sealed import open_sealed, seal

# An answer older than this stands no longer; policy/retention.yml keeps it for longer than this and the replay window.
ANSWERS_STAND_DAYS = 730
OPENED = "open_answers"
WORDS_SCHEMA = pa.schema([("person_key", pa.string()), ("row", pa.string()), ("sealed", pa.binary())])
FREE_TEXT = (*TEXTS, *NOMINATION_TEXTS)

# Free text by file and person: column and what stands there.
Words = Mapping[tuple[str, str], Mapping[str, str]]


def feedback_set(context: Context, *, as_of: date, knowledge: str, correction: str | None = None) -> str:
    """Digest that names the files a night frozen now would know."""
    known = _received(context, as_of=as_of, knowledge=knowledge, correction=correction)
    return digest_of(sorted([one.feedback_id, one.content_digest] for one in known))


def answers_of(context: Context, run: Run) -> dict[str, Answers]:
    """Standing answers by person key, without free text; of practices whose patients they are."""
    files = known_files(context, run)
    if not files:
        return {}
    practice = _practice_of(context, run)
    return _standing(context, run, files, practice=practice, words={})


def with_words(context: Context, run: Run, answers: Mapping[str, Answers]) -> dict[str, Answers]:
    """The same with free text, which only the practice's own pack may hold; the audit says for how many."""
    practice = {key: one.practice_code for key, one in answers.items()}
    files = [one for code in sorted(set(practice.values())) for one in files_of(context, run, practice_code=code)]
    if not files:
        return dict(answers)
    words = words_of(context, files, person_keys=sorted(practice))
    people = len({person_key for _, person_key in words})
    if people:
        audit.append(
            context.ledger,
            at=context.now(),
            who="pipeline",
            action=OPENED,
            run_key=run.run_key,
            subject=f"practices {' '.join(sorted(set(practice.values())))}, purpose publication",
            counts={"people": people},
        )
    found = _standing(context, run, files, practice=practice, words=words)
    return {key: found.get(key, one) for key, one in answers.items()}


def known_files(context: Context, run: Run, every: Sequence[FeedbackFile] | None = None) -> list[FeedbackFile]:
    """The accepted files that the run knows, in the order they were received; `every` are all accepted ones."""
    correction = run.inputs.get("correction")
    received = _received(context, as_of=run.as_of, knowledge=run.knowledge, correction=correction, every=every)
    return [one for one in received if one.entered_at <= run.started_at]


def files_of(context: Context, run: Run, *, practice_code: str) -> list[FeedbackFile]:
    """Of these, those that the practice itself sent, or one that has merged into it."""
    own = codes_of(reference_of(context, run), practice_code, as_of=run.as_of)
    return [one for one in known_files(context, run) if one.practice_code in own]


def changes_of(
    context: Context,
    files: Sequence[FeedbackFile],
    *,
    person_keys: Collection[str] | None = None,
    words: Words,
) -> dict[str, list[Change]]:
    """What these files changed, by person; free text as it is given, and None where it is not."""
    told = feedback.answers_in(context.ledger, feedback_ids=[one.feedback_id for one in files])
    every = feedback.list_files(context.ledger, state="accepted")
    over = written_over([_copy(one, told.get(one.feedback_id, [])) for one in files])
    knew: dict[str | None, frozenset[str]] = {}
    found: dict[str, list[Change]] = defaultdict(list)
    for one in files:
        if one.run_key not in knew:
            knew[one.run_key] = _knew(context, one.run_key, every)
        for answer in told.get(one.feedback_id, []):
            if person_keys is None or answer.person_key in person_keys:
                said = words.get((one.feedback_id, answer.person_key), {})
                value = said.get(answer.name) if answer.value == SEALED else _value(answer)
                seen = knew[one.run_key] | over[one.feedback_id]
                change = Change(one.feedback_id, one.received_at, seen, answer.name, value)
                found[answer.person_key].append(change)
    return found


def words_of(context: Context, files: Sequence[FeedbackFile], *, person_keys: Sequence[str]) -> Words:
    """Free text that these files gave about these people, opened. Identified zone only."""
    path = layout.answer_words(context.settings.home)
    ids = [one.feedback_id for one in files]
    if not tables.files(path, column="feedback_id", values=ids):
        return {}
    rows = tables.read(path, column="feedback_id", values=ids)
    mine = rows.filter(pc.is_in(rows["person_key"], value_set=pa.array(person_keys, pa.string())))
    return {
        (row["feedback_id"], row["person_key"]): _opened(context, row["sealed"], name=_name(row))
        for row in mine.to_pylist()
    }


def seal_words(context: Context, *, feedback_id: str, said: Iterable[tuple[str, str, Mapping[str, str]]]) -> None:
    """Make (person key, name of the row, column to text) of one file the file's slice of sealed free text."""
    rows = [
        {"person_key": key, "row": row, "sealed": _sealed(context, texts, name=f"{feedback_id}/{row}")}
        for key, row, texts in said
    ]
    if rows:
        table = pa.Table.from_pylist(rows, schema=WORDS_SCHEMA)
        path = layout.answer_words(context.settings.home)
        tables.replace_slice(path, table, column="feedback_id", value=feedback_id)


def _received(
    context: Context,
    *,
    as_of: date,
    knowledge: str,
    correction: str | None,
    every: Sequence[FeedbackFile] | None = None,
) -> list[FeedbackFile]:
    """Accepted files received in time; of a night to be as it was known then, only those read before it began."""
    cut_off, is_then = intake_cut_off(as_of), knowledge == "then"
    oldest = cut_off - timedelta(days=ANSWERS_STAND_DAYS)
    accepted = feedback.list_files(context.ledger, state="accepted") if every is None else every
    first = runs.first_finished(context.ledger, as_of=as_of) if is_then and correction is None else None
    return [
        one
        for one in accepted
        if oldest <= one.received_at
        and (not is_then or one.received_at < cut_off)
        and (first is None or one.entered_at <= first.started_at)
    ]


def _copy(file: FeedbackFile, answers: Sequence[Answer]) -> Copy:
    cells = {(one.person_key, one.name): one.value for one in answers}
    return Copy(file.feedback_id, file.received_at, (file.practice_code, str(file.run_key)), cells)


def _knew(context: Context, run_key: str | None, every: Sequence[FeedbackFile]) -> frozenset[str]:
    """Ids of the files whose answers were printed on the edition of this run."""
    run = runs.get_run(context.ledger, run_key) if run_key else None
    return frozenset(one.feedback_id for one in known_files(context, run, every)) if run else frozenset()


def _practice_of(context: Context, run: Run) -> dict[str, str]:
    cohort = tables.read(
        layout.table(context.settings.home, "cohort"),
        column="run_key",
        values=[run.run_key],
        columns=["person_key", "practice_code"],
    )
    return dict(zip(cohort["person_key"].to_pylist(), cohort["practice_code"].to_pylist(), strict=True))


def _standing(
    context: Context, run: Run, files: Sequence[FeedbackFile], *, practice: Mapping[str, str], words: Words
) -> dict[str, Answers]:
    """By person; answers travel with a merger of practices and not with somebody who moves."""
    said_by = {one.feedback_id: one.practice_code for one in files}
    reference = reference_of(context, run)
    own = {code: codes_of(reference, code, as_of=run.as_of) for code in set(practice.values())}
    found = {}
    for key, changes in changes_of(context, files, words=words).items():
        code = practice.get(key)
        if code is None:
            continue
        stands = standing((one for one in changes if said_by[one.file_id] in own[code]), practice_code=code)
        if stands is not None:
            found[key] = stands
    return found


def _value(answer: Answer) -> Value:
    is_day = answer.name in (*DATES, NOMINATED)
    return date.fromisoformat(answer.value) if is_day and answer.value else answer.value


def _name(row: Mapping[str, object]) -> str:
    return f"{row['feedback_id']}/{row['row']}"


def _sealed(context: Context, texts: Mapping[str, str], *, name: str) -> bytes:
    # The key for originals: it is not rotated, and nothing in what is sealed names the person.
    out = io.BytesIO()
    content = json.dumps(dict(texts), sort_keys=True, ensure_ascii=False).encode()
    seal(io.BytesIO(content), out, key=context.keys.original, name=name)
    return out.getvalue()


def _opened(context: Context, sealed: bytes, *, name: str) -> dict[str, str]:
    with open_sealed(io.BytesIO(sealed), key=context.keys.original, name=name) as content:
        texts: dict[str, str] = json.load(content)
    return texts
