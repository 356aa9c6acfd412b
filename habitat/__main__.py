"""``python -m habitat`` is the ``habitat`` command."""

from habitat.cli.main import main

if __name__ == "__main__":
    main()
