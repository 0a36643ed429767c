"""`python -m cas_audit` is `cas-audit`."""

from cas_audit.cli import main

if __name__ == "__main__":
    main()
