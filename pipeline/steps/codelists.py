"""Which code lists a step works with: digests for the run key and for what a model has learned from, and a notice."""

from pipeline.contracts.code import CODELISTS, feature_sql_digests
from pipeline.contracts.codelist_release import release_in_use
from pipeline.ledger.runs import Run
from pipeline.steps.context import Context
from pipeline.store import layout


def released_lists(context: Context) -> str | None:
    """Digest of the release of code lists in use; None while the shipped ones are."""
    release = release_in_use(layout.codelists(context.settings.home))
    return release.digest if release else None


def feature_digests(context: Context) -> dict[str, str]:
    """SHA-256 by place of every query and code list that decides a feature."""
    lists = {name: codelist.digest for name, codelist in context.codelists().items()}
    return feature_sql_digests(context.settings.project, lists)


def kept_model_notice(context: Context, run: Run) -> tuple[str, ...]:
    """What a practice is told when the model goes on with lists it did not learn from; empty otherwise."""
    release = release_in_use(layout.codelists(context.settings.home))
    accepted = release.accepted_models.get(str(run.model_id), {}) if release else {}
    titles = [
        codelist.title for name, codelist in sorted(context.codelists().items()) if f"{CODELISTS}{name}.csv" in accepted
    ]
    if not titles:
        return ()
    return (
        f"Since the model was tested, code lists it reads have changed ({'; '.join(titles)}). It goes on by decision "
        "of those responsible for it, who looked at what changes.",
    )
