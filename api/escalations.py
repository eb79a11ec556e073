"""Escalations: who is called when nobody acknowledges an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from alerts import escalation, receivers
from api.receivers import MOST, Texts, Wanted
from api.request import App, Text
from api.schemas import Answer
from api.versions import OVERTAKEN, REMOVED, TAGGED, Editing, tag, tagged
from domain.delivery import EscalationPolicy, EscalationStep
from store import escalations
from store.database import Connection

router = APIRouter(prefix="/escalations", tags=["delivery"])
LONGEST_MINUTES = 60 * 24 * 365
PolicyName = Annotated[Text, Path(description="The escalation's name")]


class Step(Answer):
    """So long after the alarm was raised, or became more severe, these are called."""

    after_minutes: float = Field(ge=0, le=LONGEST_MINUTES, examples=[10])
    calls: Texts = Field(description="People, or @groups", examples=[["alice", "@ops"]])


class PolicyDetail(BaseModel):
    """Which alarms it watches, and its steps by growing time."""

    subscription: Wanted = Wanted()
    steps: Annotated[list[Step], Field(max_length=MOST)]


class Policy(PolicyDetail):
    name: str = Field(examples=["night"])
    created_at: datetime
    waiting: int = Field(description="Alarms that nobody has acknowledged and that it watches", examples=[0])


@router.get("", operation_id="list_escalations")
def list_escalations(app: App) -> list[Policy]:
    """Every escalation by name."""
    with app.database.transaction() as connection:
        return [_answer(policy) for policy in escalations.policies(connection)]


@router.get("/{policy}", operation_id="get_escalation", responses=TAGGED)
def get_escalation(app: App, response: Response, policy: PolicyName) -> Policy:
    """One escalation."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, policy), _tag)


@router.put("/{policy}", operation_id="set_escalation", responses=OVERTAKEN)
def set_escalation(edit: Editing, policy: PolicyName, detail: PolicyDetail) -> Policy:
    """Call people when nobody acknowledges, or change whom. It watches alarms that are raised from now on."""
    subscription, now = detail.subscription.subscription(), edit.app.clock()
    receivers.check_subscription(subscription)
    steps = [EscalationStep(timedelta(minutes=step.after_minutes), tuple(step.calls)) for step in detail.steps]
    wanted = EscalationPolicy(receivers.check_name(policy), subscription, steps, now)
    return edit.run(
        lock=partial(escalations.lock_policy, name=policy),
        change=partial(escalation.put_policy, policy=wanted, who=edit.who, now=now),
        read=partial(_read, name=policy),
        tag_of=_tag,
    )


@router.delete("/{policy}", operation_id="remove_escalation", status_code=204, responses=REMOVED)
def remove_escalation(edit: Editing, policy: PolicyName) -> None:
    """Call nobody any more by it."""
    edit.remove(
        lock=partial(escalations.lock_policy, name=policy),
        change=partial(escalation.remove_policy, name=policy, who=edit.who, now=edit.app.clock()),
        read=partial(_read, name=policy),
        tag_of=_tag,
    )


def _read(connection: Connection, name: str) -> Policy:
    return _answer(escalations.policy(connection, name))


def _tag(policy: Policy) -> str:
    return tag(policy.name, policy.subscription, policy.steps)


def _answer(policy: EscalationPolicy) -> Policy:
    steps = [Step(after_minutes=step.after / timedelta(minutes=1), calls=list(step.calls)) for step in policy.steps]
    return Policy(
        name=policy.name,
        subscription=Wanted.model_validate(policy.subscription),
        steps=steps,
        created_at=policy.created_at,
        waiting=policy.waiting,
    )
