"""The MESH sandbox over mailboxes of our own. Runs in the sandbox's environment, which has nothing of this project.

The sandbox reads its mailboxes from beside its own code; it is told that its code lies where our `data` folder is.
"""

import importlib
import os
from pathlib import Path

from mesh_sandbox.store import canned_store

canned_store.__file__ = str(Path(os.environ["SANDBOX_CONFIG_DIR"]) / "canned_store.py")

# After its folder was set.
app = importlib.import_module("mesh_sandbox.api").app
