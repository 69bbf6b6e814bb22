"""Which code lists a step works with, as digests: for the run key, and for what a model has learned from."""

from pipeline.contracts.code import feature_sql_digests
from pipeline.contracts.codelist_release import release_in_use
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
