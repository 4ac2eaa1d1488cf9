"""What may go wrong with webhooks, when somebody asks for it: `POST /_sim/webhooks`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86400)]


class Switches(BaseModel):
    """All of them, off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lost: Share = 0.0  #: of the messages is never sent
    late: Seconds = 0.0  #: between the end of a job and its messages
    late_share: Share = 1.0  #: of the messages is late
    doubled: Share = 0.0  #: is sent a second time, with the same message id, after it was accepted or given up
    out_of_order: Share = 0.0  #: is held back until a later message to the same webhook has been sent
    wrongly_signed: Share = 0.0  #: is signed with another secret, each time that it is sent
    before_the_status: Seconds = 0.0  #: by which a message is early: the status document does not know the end yet
    boolean_as_text: bool = False  #: `jobSucceeded` of Changed Elements is the text "true" or "false"

    #: Seconds between the attempts of a message that is not accepted.  Unconfirmed: the platform's number and spacing.
    repeat_after: Annotated[tuple[Seconds, ...], Field(max_length=100)] = (1.0, 2.0, 4.0, 8.0)

    #: Where the caller lacks the permission to manage webhooks: true for everywhere, or the ids of iTwins.
    forbidden: bool | frozenset[str] = False

    #: A PATCH without a secret makes a new one.  The page of update-webhook can be read so.
    renews_secrets: bool = False

    def forbids(self, itwin_id: str | None) -> bool:
        """Return whether the caller may not manage webhooks of this iTwin; None: of the account."""
        if isinstance(self.forbidden, bool):
            return self.forbidden
        return (itwin_id or "").lower() in {forbidden.lower() for forbidden in self.forbidden}
