"""The audit only grows: the database itself refuses to change or delete its rows.

A guard against mistakes and against the role that runs nights. Who owns the database can take it off; the chain and
its anchor show what was done then.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

SAYS = "the audit only grows: its rows are never changed or deleted"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger audit_entry_no_{verb} before {verb} on audit_entry "
                f"begin select raise(abort, '{SAYS}'); end"
            )
        return
    op.execute(
        "create or replace function audit_entry_only_grows() returns trigger language plpgsql as "
        f"$$ begin raise exception '{SAYS}'; end $$"
    )
    op.execute(
        "create trigger audit_entry_no_change before update or delete on audit_entry "
        "for each row execute function audit_entry_only_grows()"
    )
    op.execute(
        "create trigger audit_entry_no_truncate before truncate on audit_entry "
        "for each statement execute function audit_entry_only_grows()"
    )
    # Other roles may read and add, and need a grant even for that.
    op.execute("revoke all on audit_entry from public")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"drop trigger audit_entry_no_{verb}")
        return
    op.execute("drop trigger audit_entry_no_change on audit_entry")
    op.execute("drop trigger audit_entry_no_truncate on audit_entry")
    op.execute("drop function audit_entry_only_grows()")
