"""The command `serve`.  It imports its parts when what they need is installed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from local.serve.platforms import platform_url
from local.setup import groups
from local.setup.bootstrap import enter_environment


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the app.  Default: any free one; 7171 with --platform, or the last.",
)
@click.option(
    "--platform",
    metavar="URL",
    help="Serve a real platform instead of the simulated one: https://api.bentley.com, or dev-api or qa-api there.",
)
@click.option(
    "--token-url", envvar="ITWIN_TOKEN_URL", metavar="URL", help="Its token endpoint, if it is none of Bentley's."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for what lasts.  Default: ~/.local/share/itwin-job-watch/<host of the platform>.",
)
@click.option("--public-url", default="", metavar="URL", help="Where the platform can reach the app, for its webhooks.")
@click.option("--lease", type=click.IntRange(min=1), hidden=True, help="Lease of a message, in seconds.  For tests.")
def serve(
    *,
    port: int | None,
    platform: str | None,
    token_url: str | None,
    data: Path | None,
    public_url: str,
    lease: int | None,
) -> None:
    """Run the app until Ctrl-C, and print how to use it.

    Without --platform everything is simulated, and forgotten at the end.  With it, jobs of that platform are watched as
    the service application of ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET, which are asked for if they are not set; what is
    watched lasts from one start to the next.
    """
    if platform is None:
        if data or public_url:
            raise click.UsageError("--data and --public-url go with --platform: what is simulated does not last.")
        enter_environment(groups.APP, azurite=True)
        from local.serve.simulated import serve as simulated

        simulated(port)
        return
    platform = platform_url(platform)
    enter_environment(groups.APP, azurite=True)
    from local.serve import real

    more = {} if lease is None else {"lease": timedelta(seconds=lease)}
    real.serve(real.Options(platform, token_url or "", data, port, public_url, **more))
