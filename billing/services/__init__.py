"""Only verbs: the writers of billing."""

from billing.services.balance_report import apply_refunds, read_far_reports, read_reports, reread_uncleared
from billing.services.checkout import ask_again, ask_now, ask_soon, place_order
from billing.services.dispute import apply_dispute, apply_dispute_facts, reread_disputes
from billing.services.document import accept_contract, correct_vat, issue_invoice, issue_receipt
from billing.services.document_bytes import read_document, store_document, store_waiting_documents
from billing.services.extension import expected_rate, open_extension_charge, price_extension
from billing.services.order import close_charge, order
from billing.services.payment import (
    accept_mismatch,
    apply_payment,
    apply_payment_facts,
    return_mismatch,
    start_payment,
)
from billing.services.payment_closing import (
    close_charges_of,
    close_other_payments_of,
    close_superseded_payments,
    expire_unpaid_charges,
    reread_payments,
)
from billing.services.profile import keep_billing_details, save_billing_profile
from billing.services.quote import create_quote
from billing.services.refund import refund_settlement, request_goodwill_refund, request_vat_refund
from billing.services.refund_address import (
    confirm_refund_address,
    give_refund_address,
    new_address_link,
    refuse_unless_waiting,
    remove_refund_address,
)
from billing.services.refund_dropping import drop_refund
from billing.services.refund_import import apply_refund, import_refund
from billing.services.refund_news import apply_refund_facts
from billing.services.refund_sending import (
    approve_refund,
    pay_refund_by_hand,
    retry_refund,
    send_refund,
    send_waiting_refunds,
    sweep_refunds,
)
from billing.services.task import close_task_by_hand, open_task
from billing.services.token_payment import note_transaction
from billing.services.token_refund import begin_refund_in_tokens, pay_refund_in_tokens, stop_refund_in_tokens
from billing.services.vat import ask_vies, check_vat_id, sweep_vat_checks, with_check, with_known_check
from billing.services.vat_recheck import recheck_vat_ids

__all__ = [
    "accept_contract",
    "accept_mismatch",
    "apply_dispute",
    "apply_dispute_facts",
    "apply_payment",
    "apply_payment_facts",
    "apply_refund",
    "apply_refund_facts",
    "apply_refunds",
    "approve_refund",
    "ask_again",
    "ask_now",
    "ask_soon",
    "ask_vies",
    "begin_refund_in_tokens",
    "check_vat_id",
    "close_charge",
    "close_charges_of",
    "close_other_payments_of",
    "close_superseded_payments",
    "close_task_by_hand",
    "confirm_refund_address",
    "correct_vat",
    "create_quote",
    "drop_refund",
    "expected_rate",
    "expire_unpaid_charges",
    "give_refund_address",
    "import_refund",
    "issue_invoice",
    "issue_receipt",
    "keep_billing_details",
    "new_address_link",
    "note_transaction",
    "open_extension_charge",
    "open_task",
    "order",
    "pay_refund_by_hand",
    "pay_refund_in_tokens",
    "place_order",
    "price_extension",
    "read_document",
    "read_far_reports",
    "read_reports",
    "recheck_vat_ids",
    "refund_settlement",
    "refuse_unless_waiting",
    "remove_refund_address",
    "request_goodwill_refund",
    "request_vat_refund",
    "reread_disputes",
    "reread_payments",
    "reread_uncleared",
    "retry_refund",
    "return_mismatch",
    "save_billing_profile",
    "send_refund",
    "send_waiting_refunds",
    "start_payment",
    "stop_refund_in_tokens",
    "store_document",
    "store_waiting_documents",
    "sweep_refunds",
    "sweep_vat_checks",
    "with_check",
    "with_known_check",
]
