"""Only verbs: the writers of contracts. Every change of state goes through `move`."""

from contracts.services.customer import cancel, cancel_in_full, confirm, extend, report_not_as_described
from contracts.services.deadlines import work_deadline, work_deadlines
from contracts.services.dispute import (
    close_dispute_lost,
    close_dispute_won,
    open_dispute,
    resume,
    suspend,
)
from contracts.services.move import move
from contracts.services.order import (
    create_contract,
    expire_unpaid,
    postpone_payment_deadline,
    record_payment,
    set_payment_processing,
)
from contracts.services.provider import accept, deliver, fail_provisioning, reject, start_provisioning

__all__ = [
    "accept",
    "cancel",
    "cancel_in_full",
    "close_dispute_lost",
    "close_dispute_won",
    "confirm",
    "create_contract",
    "deliver",
    "expire_unpaid",
    "extend",
    "fail_provisioning",
    "move",
    "open_dispute",
    "postpone_payment_deadline",
    "record_payment",
    "reject",
    "report_not_as_described",
    "resume",
    "set_payment_processing",
    "start_provisioning",
    "suspend",
    "work_deadline",
    "work_deadlines",
]
