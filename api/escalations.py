"""Escalations: who is called when nobody acknowledges an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from alerts import escalation, receivers
from api.receivers import MOST, Texts, Wanted
from api.request import App, Text, Who
from api.schemas import Answer
from domain.delivery import EscalationPolicy, EscalationStep
from store import escalations

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


@router.put("/{policy}", operation_id="set_escalation")
def set_escalation(app: App, who: Who, policy: PolicyName, detail: PolicyDetail) -> Policy:
    """Call people when nobody acknowledges, or change whom. It watches alarms that are raised from now on."""
    subscription, now = detail.subscription.subscription(), app.clock()
    receivers.check_subscription(subscription)
    steps = [EscalationStep(timedelta(minutes=step.after_minutes), tuple(step.calls)) for step in detail.steps]
    wanted = EscalationPolicy(receivers.check_name(policy), subscription, steps, now)
    with app.database.transaction() as connection:
        escalation.put_policy(connection, wanted, who=who, now=now)
        return next(_answer(one) for one in escalations.policies(connection) if one.name == wanted.name)


@router.delete("/{policy}", operation_id="remove_escalation", status_code=204)
def remove_escalation(app: App, who: Who, policy: PolicyName) -> None:
    """Call nobody any more by it."""
    with app.database.transaction() as connection:
        escalation.remove_policy(connection, policy, who=who, now=app.clock())


def _answer(policy: EscalationPolicy) -> Policy:
    steps = [Step(after_minutes=step.after / timedelta(minutes=1), calls=list(step.calls)) for step in policy.steps]
    return Policy(
        name=policy.name,
        subscription=Wanted.model_validate(policy.subscription),
        steps=steps,
        created_at=policy.created_at,
        waiting=policy.waiting,
    )
