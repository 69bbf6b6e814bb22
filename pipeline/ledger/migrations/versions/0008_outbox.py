"""What is to leave, what became of it, what came by message, and when each mailbox last answered."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _leaving()
    _coming()


def _leaving() -> None:
    op.create_table(
        "outbox",
        sa.Column("local_id", sa.String(160), nullable=False),
        sa.Column("edition_id", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("plane", sa.String(10), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("recipient", sa.String(300), nullable=False),
        sa.Column("workflow", sa.String(60), nullable=False),
        sa.Column("file_name", sa.String(160), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("message_id", sa.String(120)),
        sa.Column("sending_at", sa.DateTime(timezone=True)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint("kind in ('register', 'recall')", name="kind"),
        sa.CheckConstraint("way in ('folder', 'mesh')", name="way"),
        sa.CheckConstraint(
            "state in ('waiting', 'sending', 'sent', 'collected', 'undelivered', 'refused', 'held', 'withdrawn')",
            name="state",
        ),
        sa.CheckConstraint("state not in ('sent', 'collected') or sent_at is not null", name="sent"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.edition_id"], name="fk_outbox_edition_id"),
        sa.PrimaryKeyConstraint("local_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_edition_id", "outbox", ["edition_id"])
    op.create_index("ix_outbox_state", "outbox", ["state"])
    op.create_table(
        "outbox_event",
        sa.Column("event_id", sa.Integer, nullable=False),
        sa.Column("local_id", sa.String(160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("message_id", sa.String(120)),
        sa.Column("says", sa.Text),
        sa.ForeignKeyConstraint(["local_id"], ["outbox.local_id"], name="fk_outbox_event_local_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_outbox_event"),
    )
    op.create_index("ix_outbox_event_local_id_event_id", "outbox_event", ["local_id", "event_id"])


def _coming() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.String(120), nullable=False),
        sa.Column("mailbox", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("workflow", sa.String(60), nullable=False),
        sa.Column("local_id", sa.String(300), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("landed_as", sa.String(300)),
        sa.Column("reason", sa.Text),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state in ('landed', 'duplicate', 'set_apart', 'report', 'cleared')", name="state"),
        sa.PrimaryKeyConstraint("message_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_sender_workflow_sha256", "inbox", ["sender", "workflow", "sha256"])
    op.create_table(
        "mailbox",
        sa.Column("mailbox", sa.String(40), nullable=False),
        sa.Column("handshake_at", sa.DateTime(timezone=True)),
        sa.Column("looked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("mailbox", name="pk_mailbox"),
    )


def downgrade() -> None:
    for table in ("mailbox", "inbox", "outbox_event", "outbox"):
        op.drop_table(table)
