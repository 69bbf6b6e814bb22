"""Which code lists a step works with: digests for the run key and for what a model has learned from, and a notice."""

from dataclasses import replace

from pipeline.contracts.code import CODELISTS, feature_sql_digests
from pipeline.contracts.codelist_release import Release, release_in_use, releases
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout


def released_lists(context: Context) -> str | None:
    """Digest of the release of code lists in use; None while the shipped ones are."""
    release = release_of(context)
    return release.digest if release else None


def release_of(context: Context) -> Release | None:
    """The release of code lists that the context goes by; None where it is the shipped ones."""
    return release_in_use(layout.codelists(context.settings.home), number=context.release)


def as_released(context: Context, digest: str | None) -> Context:
    """The context with the code lists of this digest (None: the shipped ones), if the home still holds such a release.

    Else the context as it is: whoever asks sees from `released_lists` that it is another.
    """
    if released_lists(context) == digest:
        return context
    if digest is None:
        return replace(context, release=0)
    found = [one.release for one in releases(layout.codelists(context.settings.home)) if one.digest == digest]
    return replace(context, release=found[-1]) if found else context


def feature_digests(context: Context) -> dict[str, str]:
    """SHA-256 by place of every query and code list that decides a feature."""
    lists = {name: codelist.digest for name, codelist in context.codelists().items()}
    return feature_sql_digests(context.settings.project, lists)


def kept_model_notice(context: Context, run: Run) -> tuple[str, ...]:
    """What a practice is told when the model goes on with lists it did not learn from; empty otherwise."""
    release = release_of(context)
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
