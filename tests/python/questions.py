"""The answers to questions across runs, computed once more from the Parquet of the same lake with pandas, NumPy and SciPy.

    python questions.py RUNLAKE LAKE PROJECT OTHER_PROJECT
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import questions_of_runs
import questions_on_axes
import questions_of_rows
from asker import Asker
from checks import Checks
from lake_curves import Project

# Means of nothing and correlations with a constant are asked for on purpose.
warnings.simplefilter("ignore")
lake = Path(sys.argv[2])
asker = Asker(sys.argv[1], lake)
checks = Checks()
project, other = Project(lake, sys.argv[3]), Project(lake, sys.argv[4])
for part in (questions_on_axes, questions_of_runs, questions_of_rows):
    part.declare(checks, asker, project, other)
checks.finish()
