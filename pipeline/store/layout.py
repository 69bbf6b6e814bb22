"""Where everything lies under the home, as pure functions of the home. Nothing here touches the disk."""

from datetime import date
from pathlib import Path

# What can identify a person may lie only under these.
IDENTIFIABLE = ("landing", "identified", "vault", "registers")


def landing(home: Path) -> Path:
    return home / "landing"


def original(home: Path, delivery_id: str) -> Path:
    """Original bytes of a delivery, encrypted."""
    return home / "identified" / "original" / f"{delivery_id}.bin"


def staging(home: Path, delivery_id: str) -> Path:
    """Folder of a delivery while it is judged: its rows as text, gone when its verdict is written."""
    return home / "identified" / "staging" / delivery_id


def clean(home: Path, extract: str) -> Path:
    """Delta table of validated rows of one extract, identifiers included."""
    return home / "identified" / "clean" / extract


def quarantine(home: Path, extract: str) -> Path:
    """Delta table of rejected rows of one extract, with the rule each broke."""
    return home / "identified" / "quarantine" / extract


def linked(home: Path, extract: str) -> Path:
    """Delta table of pseudonymised rows of one extract."""
    return home / "pseudonymised" / "linked" / extract


def table(home: Path, name: str) -> Path:
    """Delta table of the pseudonymised zone: registration, event, feature, score, segment."""
    return home / "pseudonymised" / name


def spill(home: Path) -> Path:
    """Where an engine puts pseudonymised rows that do not fit in memory, for as long as it is open."""
    return home / "pseudonymised" / ".spill"


def models(home: Path, model: str) -> Path:
    return home / "models" / model


def delivery_report(home: Path, delivery_id: str) -> Path:
    return home / "reports" / "deliveries" / delivery_id


def delivery_reports(home: Path) -> Path:
    return home / "reports" / "deliveries"


def sources_page(home: Path) -> Path:
    """The operator's page over all senders and weeks."""
    return home / "reports" / "sources.html"


def evaluation(home: Path, model_id: str) -> Path:
    """How a trained model was judged, as JSON and as a page; no person in it."""
    return home / "reports" / "evaluation" / model_id


def run_report(home: Path, run_key: str) -> Path:
    return home / "reports" / "runs" / run_key


def run_page(home: Path, as_of: date, run_key: str) -> Path:
    """The story of one night, as a page; beside the folders of `run_report`."""
    return home / "reports" / "runs" / f"{as_of.isoformat()}-{run_key}.html"


def metrics(home: Path) -> Path:
    """Folder that a node exporter's textfile collector may read: figures of the last night, no person in them."""
    return home / "metrics"


def lineage(home: Path) -> Path:
    """Folder of the OpenLineage events: names of tables and files, their columns, counts; no value of a row."""
    return home / "lineage"


def register_pack(home: Path, as_of: date, practice_code: str, revision: int) -> Path:
    """First edition in the practice's own folder, corrections beside them under r2, r3…"""
    first = home / "registers" / as_of.isoformat() / practice_code
    return first if revision == 1 else first / f"r{revision}"


def replay_pack(home: Path, run_key: str, practice_code: str) -> Path:
    return home / "registers" / "replays" / run_key / practice_code


def replay_differences(home: Path, run_key: str) -> Path:
    """Which ranks of a backfilled night differ from what was published; beside its packs."""
    return home / "registers" / "replays" / run_key / "differences.csv"


def backfill_report(home: Path, series: str) -> Path:
    """What a backfill made against what was published: counts and practice codes, no person."""
    return home / "reports" / "backfills" / series


def locality_pack(home: Path, as_of: date, code: str, revision: int) -> Path:
    first = home / "localities" / as_of.isoformat() / code
    return first if revision == 1 else first / f"r{revision}"


def public_keys(home: Path) -> Path:
    """Public halves of the keys that have signed packs of this home, each under its id; of past keys too."""
    return home / "public-keys"


def erased(home: Path) -> Path:
    """Keys of people who dissent now; kept with the identified data, never beside the pseudonymised."""
    return home / "identified" / "erased"


def unlinked(home: Path, extract: str) -> Path:
    """Row numbers of rows that found no person."""
    return home / "identified" / "unlinked" / extract


def waiting(home: Path, extract: str) -> Path:
    """Numbers and birth dates of linked rows that no GP list has said the same of from the first."""
    return home / "identified" / "waiting" / extract


def judged_by(home: Path) -> Path:
    """The deliveries of lists that linked rows were last held against."""
    return home / "identified" / "judged_by"


def answer_words(home: Path) -> Path:
    """Free text of what practices sent back, sealed row by row."""
    return home / "identified" / "answers"


def feedback_report(home: Path, feedback_id: str) -> Path:
    """What a practice is told about a file it sent back: counts and row numbers, no values."""
    return home / "reports" / "feedback" / feedback_id


def codelists(home: Path) -> Path:
    """Released code lists, one folder per release; no person in them."""
    return home / "codelists"


def opt_out_requests(home: Path) -> Path:
    """Files for the check for national data opt-outs, waiting to be sent; gone once their replies are read."""
    return home / "identified" / "optout" / "out"


def opt_out_replies(home: Path) -> Path:
    """Where the service's replies are put, each under the name of its request; gone once they are read."""
    return home / "identified" / "optout" / "in"


def opt_out_check(home: Path) -> Path:
    """What was last asked of the service and what became of it, in counts: no number stands in it."""
    return home / "identified" / "optout" / "check.json"


def allowed(home: Path) -> Path:
    """People whom the check service's last whole answer allows to be used, for as long as it may be relied on."""
    return home / "identified" / "optout" / "allowed"


def arriving(home: Path) -> Path:
    """Bodies of messages while they are read, gone when each lies where it belongs."""
    return home / "identified" / "messages" / "arriving"


def set_apart(home: Path, message_id: str) -> Path:
    """Body of a message that nobody announced or that is damaged, until a person has dealt with it."""
    return home / "identified" / "messages" / "set_apart" / message_id


def returned_registers(home: Path) -> Path:
    """Registers that practices sent back by message, a folder a practice, until they are read."""
    return home / "identified" / "returned" / "in"
