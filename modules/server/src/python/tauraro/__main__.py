"""`tauraro serve`."""

import sys

from tauraro._command_line import main

sys.exit(main(sys.argv[1:]))
