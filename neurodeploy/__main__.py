"""``python -m neurodeploy`` is the command."""

from neurodeploy.cli.main import main

main()
