"""`newsloom doctor`: whether this machine has what Newsloom needs."""


def run() -> int:
    """Check Python, broker, Java, models, disk and limits.

    One line each: ok, warning or fail, and what to do. The exit code is 1 when something fails.

    Example: newsloom doctor
    """
    from services.cli.checks import CHECKS, run_check
    from services.cli.errors import COULD_NOT, FINE
    from services.cli.screen import out

    styles = {"ok": "green", "warning": "yellow", "fail": "bold red"}
    console, failed = out(), False
    for check in CHECKS:
        finding = run_check(check)
        failed |= finding.level == "fail"
        console.print(str(finding), style=styles[finding.level] if finding.level != "ok" else None, markup=False, soft_wrap=True)
    return COULD_NOT if failed else FINE
