"""`python -m tg1.doctor`."""

import sys

from tg1.doctor.program import main

if __name__ == "__main__":
    sys.exit(main())
