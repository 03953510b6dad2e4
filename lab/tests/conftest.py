import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The scripts are no package, and the helpers of mien's own tests serve here too.
sys.path[:0] = [str(ROOT / "lab" / "scripts"), str(ROOT / "tests")]

collect_ignore = [] if find_spec("tensorflow") else ["test_carry.py"]
