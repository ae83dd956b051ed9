"""Run the command line from a checkout, without installing it: .venv/bin/python watch.py --help."""

from cli.main import main

if __name__ == "__main__":
    main()
