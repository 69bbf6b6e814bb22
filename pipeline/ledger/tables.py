"""Every table of the ledger but those of backfills, which it names: what happened, never who it happened to.

No column holds an NHS number, a name, a birth date or a postcode; people appear as `person_key` only, in
`register_entry` and `feedback_answer`. Changes go through `migrations/`; a test fails when these tables and the
migrations differ.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from pipeline.ledger.columns import CanonicalJson, Measured, SixPlaces, UtcMoment
from pipeline.ledger.tables_backfill import backfill, backfill_night
from pipeline.ledger.tables_named import metadata

__all__ = ["backfill", "backfill_night", "metadata"]

# One file a sender landed, what became of it, and where each of its rows went.
delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", String(120), primary_key=True),
    Column("extract", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("file_name", String(300), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("received_at", UtcMoment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason_code", String(40)),
    Column("reason", Text),
    Column("content_digest", String(64)),
    Column("rows_in", Integer, nullable=False),
    Column("rows_valid", Integer, nullable=False),
    Column("rows_duplicate", Integer, nullable=False),
    Column("rows_superseded", Integer, nullable=False),
    Column("rows_broken", Integer, nullable=False),
    Column("rows_refused", Integer, nullable=False),
    Column("rows_unlinked", Integer, nullable=False),
    Column("rows_opted_out", Integer, nullable=False),
    Column("latest_event_date", Date),
    # Which of the contract's declared formats the file was in; null until it was opened.
    Column("format_name", String(60)),
    # The delivery this one is said to correct, as its receipt names it.
    Column("corrects", String(120)),
    # When the sealed original bytes may be deleted, and when they were.
    Column("original_expires_on", Date),
    Column("original_deleted_at", UtcMoment),
    # Of the valid rows, those that linkage keeps from every person: the GP lists contradict them.
    Column("rows_conflict", Integer, nullable=False, server_default="0"),
    CheckConstraint("kind in ('bulk', 'regular')", name="kind"),
    CheckConstraint("state in ('received', 'held', 'accepted', 'refused', 'duplicate')", name="state"),
    CheckConstraint(
        "state = 'received' or rows_in = rows_valid + rows_duplicate + rows_superseded + rows_broken + rows_refused",
        name="rows_balance",
    ),
    CheckConstraint("rows_unlinked <= rows_valid and rows_opted_out <= rows_valid", name="rows_linked"),
    Index(None, "received_at", "delivery_id"),
    Index(None, "extract", "sender", "sha256"),
)

# What a person decided about a delivery over the rules' head, and why; the newest row of a delivery counts.
delivery_decision = Table(
    "delivery_decision",
    metadata,
    Column("decision_id", Integer, primary_key=True),
    Column("delivery_id", String(120), ForeignKey("delivery.delivery_id"), nullable=False),
    Column("verb", String(10), nullable=False),
    Column("who", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcMoment, nullable=False),
    CheckConstraint("verb in ('accept', 'hold', 'release', 'refuse')", name="verb"),
    Index(None, "delivery_id", "decision_id"),
)

# What a delivery measured (rows, shares, means), for comparing later ones of the same sender with.
delivery_profile = Table(
    "delivery_profile",
    metadata,
    Column("delivery_id", String(120), ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("measure", String(120), primary_key=True),
    Column("value", Measured, nullable=False),
)

# One computation, named by its run key, with everything that went into it.
run = Table(
    "run",
    metadata,
    Column("run_key", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("knowledge", String(4), nullable=False),
    Column("state", String(10), nullable=False),
    Column("model_id", String(120)),
    Column("inputs", CanonicalJson, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment),
    Column("counts", CanonicalJson, nullable=False),
    CheckConstraint("kind in ('nightly', 'replay', 'train')", name="kind"),
    CheckConstraint("knowledge in ('then', 'now')", name="knowledge"),
    CheckConstraint("state in ('started', 'finished')", name="state"),
    Index(None, "as_of", "kind"),
)

# The delivery set of a run, frozen when it starts.
run_delivery = Table(
    "run_delivery",
    metadata,
    Column("run_key", String(64), ForeignKey("run.run_key"), primary_key=True),
    Column("delivery_id", String(120), ForeignKey("delivery.delivery_id"), primary_key=True),
)

# One row per scope (a run key or a delivery id) and step, restarted in place.
step = Table(
    "step",
    metadata,
    Column("scope", String(120), primary_key=True),
    Column("step", String(40), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment),
    Column("counts", CanonicalJson, nullable=False),
    Column("digest", String(64)),
    CheckConstraint("state in ('started', 'finished')", name="state"),
)

# A trained family of models; its artefacts lie in the store under the same id.
model = Table(
    "model",
    metadata,
    Column("model_id", String(120), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("trained_as_of", Date, nullable=False),
    Column("run_key", String(64), nullable=False),
    Column("metrics", CanonicalJson, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    # Name and sources of each set it holds a model for, the largest first; null of a model made before there were sets.
    Column("source_sets", CanonicalJson),
    Index(None, "name", "recorded_at"),
)

# An evaluation of a model: what its bytes were, and what in it a person must have a reason for to promote the model.
evaluation = Table(
    "evaluation",
    metadata,
    Column("evaluation_id", Integer, primary_key=True),
    Column("model_id", String(120), ForeignKey("model.model_id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("objections", CanonicalJson, nullable=False),
    Column("evaluated_at", UtcMoment, nullable=False),
    Index(None, "model_id", "evaluation_id"),
)

# A person's decision to use a model from now on; the latest row of a name is its champion.
promotion = Table(
    "promotion",
    metadata,
    Column("promotion_id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("model_id", String(120), ForeignKey("model.model_id"), nullable=False),
    Column("who", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("promoted_at", UtcMoment, nullable=False),
    Column("verb", String(10), nullable=False, server_default="promote"),
    # The evaluation it was decided on, what stood against it then, and why it was decided all the same.
    Column("evaluation_sha256", String(64)),
    Column("objections", CanonicalJson),
    Column("despite", Text),
    CheckConstraint("verb in ('promote', 'rollback')", name="verb"),
    Index(None, "name", "promotion_id"),
)

# A register as it was published to one practice or locality.
edition = Table(
    "edition",
    metadata,
    Column("edition_id", String(160), primary_key=True),
    Column("run_key", String(64), ForeignKey("run.run_key"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("plane", String(10), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("code", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("counts", CanonicalJson, nullable=False),
    Column("published_at", UtcMoment, nullable=False),
    CheckConstraint("kind in ('current', 'replay')", name="kind"),
    CheckConstraint("plane in ('practice', 'locality')", name="plane"),
    CheckConstraint("revision >= 1", name="revision"),
    Index(None, "plane", "code", "as_of", "revision"),
)

# Who was on an edition, as pseudonyms: what the next edition's "new", "kept" and "first listed" rest on.
register_entry = Table(
    "register_entry",
    metadata,
    Column("edition_id", String(160), ForeignKey("edition.edition_id"), primary_key=True),
    Column("person_key", String(60), primary_key=True),
    Column("listing", String(10), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("risk_score", SixPlaces, nullable=False),
    Column("segment", String(60), nullable=False),
    Column("first_listed_on", Date, nullable=False),
    Column("editions_on_register", Integer, nullable=False),
    Column("editions_beyond", Integer, nullable=False),
    CheckConstraint("listing in ('by_rank', 'kept', 'nominated', 'declined', 'child')", name="listing"),
    CheckConstraint("rank >= 1", name="rank"),
    Index(None, "person_key"),
)

# One file that came back from a practice, read or refused, and where each of its rows went.
feedback_file = Table(
    "feedback_file",
    metadata,
    Column("feedback_id", String(120), primary_key=True),
    Column("practice_code", String(20), nullable=False),
    # The run whose edition it answers; null of a file that was refused before that was known.
    Column("run_key", String(64)),
    Column("sha256", String(64), nullable=False),
    # When it reached us, and when it was read: a run knows what was both before it began.
    Column("received_at", UtcMoment, nullable=False),
    Column("entered_at", UtcMoment, nullable=False),
    Column("who", String(120), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason_code", String(20)),
    Column("content_digest", String(64)),
    Column("rows_in", Integer, nullable=False),
    Column("rows_changed", Integer, nullable=False),
    Column("rows_unchanged", Integer, nullable=False),
    Column("rows_nominated", Integer, nullable=False),
    Column("rows_rejected", Integer, nullable=False),
    # Rules, places and row numbers; no value that stood in the file.
    Column("report", CanonicalJson, nullable=False),
    Column("original_expires_on", Date, nullable=False),
    Column("original_deleted_at", UtcMoment),
    CheckConstraint("state in ('accepted', 'refused')", name="state"),
    CheckConstraint("rows_in = rows_changed + rows_unchanged + rows_nominated + rows_rejected", name="rows_balance"),
    Index(None, "practice_code", "sha256"),
)

# What a returned file changed, a column of a person a row; of free text only whether there is any ('sealed').
feedback_answer = Table(
    "feedback_answer",
    metadata,
    Column("feedback_id", String(120), ForeignKey("feedback_file.feedback_id"), primary_key=True),
    Column("person_key", String(60), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("value", String(60)),
    Column("row_number", Integer, nullable=False),
    Index(None, "person_key"),
)

# An edition that was taken back, by whom and why: it stays, and counts no more. Never changed, never removed.
recall = Table(
    "recall",
    metadata,
    Column("edition_id", String(160), ForeignKey("edition.edition_id"), primary_key=True),
    Column("who", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recalled_at", UtcMoment, nullable=False),
)

# What is to leave: a pack or a notice and where it goes, entered in the transaction that records the edition. Its local
# id travels with it and is never used for anything else.
outbox = Table(
    "outbox",
    metadata,
    Column("local_id", String(160), primary_key=True),
    Column("edition_id", String(160), ForeignKey("edition.edition_id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("plane", String(10), nullable=False),
    Column("code", String(20), nullable=False),
    Column("way", String(10), nullable=False),
    Column("recipient", String(300), nullable=False),
    Column("workflow", String(60), nullable=False),
    Column("file_name", String(160), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("entered_at", UtcMoment, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    # As the carrier names it, once it has said so.
    Column("message_id", String(120)),
    Column("sending_at", UtcMoment),
    Column("sent_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("reason", Text),
    CheckConstraint("kind in ('register', 'recall')", name="kind"),
    CheckConstraint("way in ('folder', 'mesh')", name="way"),
    CheckConstraint(
        "state in ('waiting', 'sending', 'sent', 'collected', 'undelivered', 'refused', 'held', 'withdrawn')",
        name="state",
    ),
    CheckConstraint("state not in ('sent', 'collected') or sent_at is not null", name="sent"),
    Index(None, "edition_id"),
    Index(None, "state"),
)

# What became of what was to leave, in order: the receipts.
outbox_event = Table(
    "outbox_event",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("local_id", String(160), ForeignKey("outbox.local_id"), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("event", String(20), nullable=False),
    Column("message_id", String(120)),
    Column("says", Text),
    Index(None, "local_id", "event_id"),
)

# A message that came, entered once what it carries lies whole where it belongs, and before it is acknowledged.
inbox = Table(
    "inbox",
    metadata,
    Column("message_id", String(120), primary_key=True),
    Column("mailbox", String(40), nullable=False),
    Column("sender", String(40), nullable=False),
    Column("workflow", String(60), nullable=False),
    # As its sender named it, without what looks like a number of a person.
    Column("local_id", String(300), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("landed_as", String(300)),
    Column("reason", Text),
    Column("came_at", UtcMoment, nullable=False),
    Column("acknowledged_at", UtcMoment),
    CheckConstraint("state in ('landed', 'duplicate', 'set_apart', 'report', 'cleared')", name="state"),
    Index(None, "sender", "workflow", "sha256"),
)

# When each mailbox of ours last proved that it works, and was last looked into.
mailbox = Table(
    "mailbox",
    metadata,
    Column("mailbox", String(40), primary_key=True),
    Column("handshake_at", UtcMoment),
    Column("looked_at", UtcMoment),
)

# What watching found of a night (counts and measures of everyone together), and what follows from it.
watched_night = Table(
    "watched_night",
    metadata,
    Column("run_key", String(64), ForeignKey("run.run_key"), primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("content", CanonicalJson, nullable=False),
    CheckConstraint("verdict in ('quiet', 'notice', 'hold')", name="verdict"),
    Index(None, "as_of"),
)

# A person's decision that a night whose scores were held is published all the same.
watch_release = Table(
    "watch_release",
    metadata,
    Column("release_id", Integer, primary_key=True),
    Column("run_key", String(64), ForeignKey("run.run_key"), nullable=False),
    Column("who", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Index(None, "run_key"),
)

# Why a night stopped: the step, the kind of error, and what it said if it is one of ours.
stop = Table(
    "stop",
    metadata,
    Column("stop_id", Integer, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("step", String(40), nullable=False),
    Column("run_key", String(64)),
    Column("error", String(80), nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    # Codes of practices or names of declarations that it is about.
    Column("subjects", CanonicalJson, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Index(None, "as_of"),
)

# What was told about a night: alerts in counts and ids, and what became of each way they were to leave by.
notice = Table(
    "notice",
    metadata,
    Column("notice_id", Integer, primary_key=True),
    Column("at", UtcMoment, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("run_key", String(64)),
    Column("alerts", CanonicalJson, nullable=False),
    Column("ways", CanonicalJson, nullable=False),
)

# Who did what, in a chain: each digest covers the row and the digest before it.
audit_entry = Table(
    "audit_entry",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcMoment, nullable=False),
    Column("who", String(120), nullable=False),
    Column("action", String(60), nullable=False),
    Column("run_key", String(64)),
    Column("subject", Text, nullable=False),
    Column("counts", CanonicalJson, nullable=False),
    Column("previous_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)
