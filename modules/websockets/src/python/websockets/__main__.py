"""The entry point of ``python -m websockets``."""

from .cli import main

if __name__ == "__main__":
    main()
