"""What the doctor sees of permissions and ways out: bases and agreements that end, the answer of the check for national
data opt-outs, folders, certificates, secrets, and when the mailbox last answered. Reads files and the ledger alone."""

import os
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from pipeline.channels.mesh_secrets import problem_of
from pipeline.contracts.alerts import Bounds
from pipeline.contracts.delivery_plan import Mesh, load_delivery_plan
from pipeline.contracts.policy import Period, Policy, load_policy
from pipeline.contracts.settings import Settings
from pipeline.errors import GateClosed
from pipeline.ledger import outbox
from pipeline.ledger.connect import Ledger
from pipeline.rules.times import day_in_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange.deliver_watch import HANDSHAKE_WITHIN
from pipeline.steps.opt_out.national_opt_out import ASK, ends_soon
from pipeline.steps.tell.doctor_line import Line, fail, ok, warn
from pipeline.store.certificates import ends_on
from pipeline.store.keys import read_keys

BASIS = "basis for "
RENEW = "Ask for its renewal now, and enter it in the policy: docs/runbooks/source-not-used.md"
MESH_PAGE = "docs/mesh.md"


def approvals(settings: Settings, *, on: date, bounds: Bounds) -> Iterator[Line]:
    """Every basis and agreement that has ended or ends soon and that no later entry continues."""
    policy = load_policy(settings.policy_file)
    if policy.fictitious:
        yield warn("approvals", "the policy is fictitious", "Never with data of real people: fill in your own bases")
    if "gp" not in policy.usable_sources("score", on):
        yield fail("approvals", f"no basis for GP data covers {on}: no night will run", RENEW)
    quiet = True
    for name, entries in sorted(_periods(policy).items()):
        days = bounds.basis_ends_within_days if name.startswith(BASIS) else bounds.agreement_ends_within_days
        for line in _ends(name, entries, on=on, days=days):
            quiet = False
            yield line
    if quiet:
        least = min(bounds.basis_ends_within_days, bounds.agreement_ends_within_days)
        yield ok("approvals", f"every basis and agreement in force runs for more than {least} days")


def _periods(policy: Policy) -> dict[str, list[Period]]:
    """Entries by what they are for; those of one name continue one another."""
    found: dict[str, list[Period]] = {}
    for source in policy.sources:
        for data_set in source.data_sets:
            found.setdefault(f"{BASIS}{data_set}, {source.purpose.replace('_', ' ')}", []).append(source)
    for provider in policy.providers:
        found.setdefault(f"agreement of sender {provider.sender}", []).append(provider)
    for practice in policy.practices:
        found.setdefault(f"agreement of practice {practice.practice_code}", []).append(practice)
    return found


def _ends(name: str, entries: Iterable[Period], *, on: date, days: int) -> Iterator[Line]:
    listed = list(entries)
    if any(one.valid_to is None for one in listed):
        return
    last = max(one.valid_to for one in listed if one.valid_to is not None)
    if last < on:
        yield warn("approvals", f"{name} ended on {day_in_words(last)}", RENEW)
    elif (last - on).days <= days:
        yield warn("approvals", f"{name} ends on {day_in_words(last)}, in {(last - on).days} days", RENEW)


def opt_out_answer(settings: Settings, ledger: Ledger | None) -> Iterator[Line]:
    """Whether the service's last answer still lets anybody be used, where the policy asks for it."""
    if ledger is None:
        return
    context = Context(settings=settings, ledger=ledger, keys=read_keys(settings.keys_folder))
    try:
        soon = ends_soon(context)
    except GateClosed as closed:
        yield fail("opt-out check", closed.what, closed.next_step)
        return
    if soon is not None:
        yield warn("opt-out check", soon, f"Ask anew: {ASK}")
    else:
        yield ok("opt-out check", "nothing is due")


def ways_out(settings: Settings, ledger: Ledger | None, *, now: datetime, bounds: Bounds) -> Iterator[Line]:
    """Folders and mailbox of the delivery plan; nothing is sent, and no network is asked."""
    plan = load_delivery_plan(settings.delivery_file, project=settings.project)
    if plan is None:
        yield ok("delivery", "no plan: packs lie in the home until somebody fetches them")
        return
    folders = sorted({one.folder for one in plan.recipients if one.folder is not None and one.covers(now.date())})
    shut = [str(folder) for folder in folders if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK))]
    if shut:
        yield fail(
            "delivery", f"cannot be written to: {', '.join(shut)}", "Mount it, or let the pipeline's account write"
        )
    elif folders:
        yield ok("delivery", f"{len(folders)} folders can be written to")
    if plan.mesh is not None:
        yield from _mesh(plan.mesh, on=now.date(), bounds=bounds)
        if ledger is not None:
            yield _answered(plan.mesh, ledger, now=now)


def _mesh(mesh: Mesh, *, on: date, bounds: Bounds) -> Iterator[Line]:
    wrong = [f"{path.name} {problem}" for path in mesh.secrets() if (problem := problem_of(path))]
    if wrong:
        yield fail("mailbox", "; ".join(wrong), f"Put it right as {MESH_PAGE} says")
    else:
        yield ok("mailbox", "its secrets are there and closed to others")
    certificates = {"certificate": mesh.certificate_file, "authority": mesh.authority_file}
    for name, path in certificates.items():
        if path is None:
            continue
        try:
            last = ends_on(path)
        except (OSError, ValueError):
            yield fail("mailbox", f"{name} {path.name} is no certificate that can be read", f"See {MESH_PAGE}")
            continue
        days = (last - on).days
        says = f"{name} {path.name} ends on {day_in_words(last)}"
        if days < 0:
            yield fail("mailbox", says, "Renew it: nothing is sent or collected until then")
        elif days <= bounds.certificate_ends_within_days:
            yield warn("mailbox", f"{says}, in {days} days", "Ask for a new one now; it takes days")
        else:
            yield ok("mailbox", says)


def _answered(mesh: Mesh, ledger: Ledger, *, now: datetime) -> Line:
    """When the mailbox last proved that it works, as the ledger says."""
    last = outbox.shook_hands(ledger, mesh.mailbox)
    step = "Run riskstrat collect, which shakes hands, and read what it says: docs/runbooks/mesh.md"
    if last is None:
        return warn("mailbox", f"{mesh.mailbox} has never answered", step)
    if now - last > HANDSHAKE_WITHIN:
        return warn("mailbox", f"{mesh.mailbox} last answered on {last:%Y-%m-%d %H:%M} UTC", step)
    return ok("mailbox", f"{mesh.mailbox} answered on {last:%Y-%m-%d %H:%M} UTC")
