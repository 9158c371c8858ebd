"""`python -m orderflow`: the same as the command `orderflow`."""

from orderflow.entrypoints.cli import main

if __name__ == "__main__":
    main()
