"""What the console's words mean, told on hovering over them. One sentence each, in the words of docs/."""

from __future__ import annotations

from collections.abc import Mapping

TERMS: Mapping[str, str] = {
    "risk": "Probability that the device fails by this failure mode within the horizon.",
    "horizon": "How far ahead the risk looks; a failure after it is not counted.",
    "remaining_useful_life": "How long the component is expected to last from the last reading that the model saw.",
    "interval": "The failure comes within it with a probability of 90 %.",
    "early_bound": "The early end of the 90 % interval: one failure in twenty comes before it.",
    "need_by": "Part and technician have to be there by then: the early bound less the notice that a visit needs.",
    "saves": "Expected cost of leaving it alone within the horizon, less the expected cost of a visit in time.",
    "expected_cost": "Each cost times how likely it is, added up.",
    "useful_life_thrown_away": "What the component would still have been worth, had it been left in the device.",
    "gate": "Tickets of a failure mode open by themselves only while its precision reaches this share.",
    "precision": "Of all alarms the share that a failure, or a worn component, was found for.",
    "deferred": "Beyond the visits that the service centre can make this week: suggested until there is room.",
    "reserved": "Set aside on a shelf for one ticket; nobody else can take it.",
    "free": "On the shelf and not reserved.",
    "waited_for": "Needed by tickets and not on the shelf; filled by need when stock arrives.",
    "lead_time": "How long a purchase takes until the part is there.",
    "champion": "The model version that scores this failure mode now.",
    "challenger": "A trained version that does not score: it has not beaten the champion beyond noise.",
    "drift": "Whether what the model sees now still looks like what it learnt from.",
    "sla_clock": "What a contract promises, counted in the site's business hours; it pauses while nobody can go on.",
    "first_visit_fix": "One visit was enough, and the same failure did not come back within 30 days.",
    "no_fault_found": "The technician found nothing wrong: such closures lower the precision and may shut the gate.",
    "rma": "Return merchandise authorisation: the number under which a replaced part comes back and is looked at.",
    "twin": "What a device reports of its configuration, what is desired of it, and what of that is not so yet.",
    "lineage": "From the ticket back to the readings that its prediction was made from.",
    "capacity": "Hours of visits that the technicians of the service centre can do in the week.",
    "acknowledge": "Note that somebody has seen the alarm. It stays until its cause is gone.",
    "shelve": "Put an active alarm out of sight until a time; it comes back by itself.",
    "severity": "How urgent: critical, major, minor or warning.",
    "connectivity": "Whether the platform hears the device: by its status, its last will and its silence.",
    "health": "The worst active alarm that is not shelved; without one, whether the device is heard.",
    "last_seen": "The newest time that the device told, by its own clock.",
    "last_heard": "When its newest message arrived, by the platform's clock.",
    "group_alarm": "One alarm for a whole site: most of its devices fell silent together.",
}
