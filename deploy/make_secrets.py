"""Draw every password and key that compose.yaml asks for, into files that nobody else can read: once, before the start.

`python3 deploy/make_secrets.py [FOLDER]`, `secrets` by default. Needs nothing but Python. It never replaces a file that
is there: a new password would not be the one that the database knows. As root it gives the files to the image's user;
otherwise it says what is left to do.
"""

import base64
import json
import os
import secrets
import sys
from pathlib import Path

# The user of the image (Dockerfile).
USER = 10001
PORT = 5432
# Server, database, login: what each component may open. The vault is for whoever runs tasks, and nobody else.
AIRFLOW = ("airflow-db", "airflow", "airflow")
LEDGER = ("pipeline-db", "ledger", "ledger")
VAULT = ("pipeline-db", "vault", "vault")
OWNERS = (("airflow-db", "*", "postgres"), ("pipeline-db", "*", "postgres"))
PEOPLE = ("admin", "operator", "viewer")


def drawn() -> str:
    return secrets.token_urlsafe(32)


def files() -> dict[str, str]:
    """File name to content. The lines of `pgpass…` are as libpq reads them, so that no URL holds a password."""
    password = {login: drawn() for login in (AIRFLOW, LEDGER, VAULT, *OWNERS)}
    lines = {
        (server, database, login): f"{server}:{PORT}:{database}:{login}:{word}\n"
        for (server, database, login), word in password.items()
    }
    broker = drawn()
    return {
        "airflow_db_password": password[OWNERS[0]],
        "pipeline_db_password": password[OWNERS[1]],
        "pgpass_setup": "".join(lines.values()),
        "pgpass_airflow": lines[AIRFLOW],
        "pgpass_tasks": lines[AIRFLOW] + lines[LEDGER] + lines[VAULT],
        # As Airflow's own encryption (Fernet) wants it: 32 bytes.
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": drawn(),
        "api_secret_key": drawn(),
        # For workers of Celery alone.
        "broker_url": f"redis://:{broker}@broker:6379/0",
        "redis.conf": f'requirepass {broker}\nsave ""\nappendonly no\n',
        "airflow_users.json": json.dumps({name: drawn()[:20] for name in PEOPLE}) + "\n",
    }


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else "secrets")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = files()
    there = sorted(name for name in made if (folder / name).exists())
    if there:
        print(f"{folder} holds secrets already ({', '.join(there)}); nothing was changed")
        return 1
    for name, content in made.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, USER, USER)
    else:
        print(f"now give them to the image's user: sudo chown -R {USER}:{USER} {folder}")
    print(f"{len(made)} files in {folder}; those who sign in, with their passwords: {folder / 'airflow_users.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
