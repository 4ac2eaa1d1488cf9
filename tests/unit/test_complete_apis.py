"""Each API has all that an API has.  Of a new one, this names what is left to write, a thing a line."""

import pytest

from local.api.missing import missing
from shared.apis import APIS


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
def test_nothing_is_missing(api):
    if lines := missing(api):
        pytest.fail("\n".join(lines), pytrace=False)
