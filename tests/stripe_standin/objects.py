"""Only how the stand-in's objects look: the members that Stripe's have, as far as anybody here reads them."""

from typing import Any

Obj = dict[str, Any]


def customer(id_: str, created: int, params: Obj) -> Obj:
    return {
        "id": id_,
        "object": "customer",
        "created": created,
        "livemode": False,
        "address": params.get("address"),
        "email": params.get("email"),
        "name": params.get("name"),
        "metadata": params.get("metadata") or {},
        "preferred_locales": params.get("preferred_locales") or [],
        "tax_exempt": params.get("tax_exempt") or "none",
    }


def session(id_: str, created: int, params: Obj, *, amount: int, currency: str, buyer: Obj, url: str) -> Obj:
    return {
        "id": id_,
        "object": "checkout.session",
        "created": created,
        "livemode": False,
        "adaptive_pricing": {"enabled": False},
        "allow_promotion_codes": False,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {
            "enabled": bool((params.get("automatic_tax") or {}).get("enabled")),
            "liability": None,
            "status": None,
            "provider": None,
        },
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "currency": currency,
        "customer": buyer["id"],
        "customer_details": {
            "address": buyer["address"],
            "email": buyer["email"],
            "name": buyer["name"],
            "phone": None,
            "tax_exempt": buyer["tax_exempt"],
            "tax_ids": [],
        },
        "expires_at": params["expires_at"],
        "invoice": None,
        "invoice_creation": {"enabled": False, "invoice_data": None},
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": params.get("ui_mode"),
        "url": url,
    }


def intent(id_: str, created: int, paid_by: Obj, description: str) -> Obj:
    return {
        "id": id_,
        "object": "payment_intent",
        "created": created,
        "livemode": False,
        "amount": paid_by["amount_total"],
        "amount_received": 0,
        "currency": paid_by["currency"],
        "customer": paid_by["customer"],
        "description": description,
        "latest_charge": None,
        "metadata": paid_by["metadata"],
        "status": "requires_payment_method",
    }


def charge(id_: str, created: int, of: Obj, *, country: str, method: str) -> Obj:
    return {
        "id": id_,
        "object": "charge",
        "created": created,
        "livemode": False,
        "amount": of["amount"],
        "amount_captured": of["amount"],
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": True,
        "currency": of["currency"],
        "customer": of["customer"],
        "description": of["description"],
        "disputed": False,
        "metadata": of["metadata"],
        "paid": True,
        "payment_intent": of["id"],
        "payment_method_details": {"type": method, method: {"country": country, "last4": "4242"}},
        "refunded": False,
        "status": "succeeded",
    }


def refund(id_: str, created: int, of: Obj, *, amount: int, status: str, metadata: Obj) -> Obj:
    return {
        "id": id_,
        "object": "refund",
        "created": created,
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "currency": of["currency"],
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": metadata,
        "payment_intent": of["payment_intent"],
        "reason": None,
        "status": status,
    }


def dispute(id_: str, created: int, of: Obj, *, amount: int, status: str, due_by: int) -> Obj:
    return {
        "id": id_,
        "object": "dispute",
        "created": created,
        "livemode": False,
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "currency": of["currency"],
        "evidence_details": {"due_by": due_by, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": status.startswith("warning_"),
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "product_not_received",
        "status": status,
    }


def transaction(id_: str, created: int, *, kind: str, source: str | None, amount: int, fee: int, currency: str) -> Obj:
    return {
        "id": id_,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 86_400,
        "created": created,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    }


def event(id_: str, created: int, kind: str, about: Obj, version: str) -> Obj:
    return {
        "id": id_,
        "object": "event",
        "api_version": version,
        "created": created,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def connected_account(id_: str, created: int, params: Obj) -> Obj:
    return {
        "id": id_,
        "object": "account",
        "created": created,
        "capabilities": {"transfers": "inactive"},
        "charges_enabled": False,
        "country": params["country"],
        "details_submitted": False,
        "metadata": params.get("metadata") or {},
        "payouts_enabled": False,
        "type": params["type"],
    }


def account_link(created: int, url: str) -> Obj:
    return {"object": "account_link", "created": created, "expires_at": created + 300, "url": url}


def transfer(id_: str, created: int, params: Obj) -> Obj:
    return {
        "id": id_,
        "object": "transfer",
        "created": created,
        "livemode": False,
        "amount": params["amount"],
        "amount_reversed": 0,
        "balance_transaction": None,
        "currency": params["currency"],
        "description": None,
        "destination": params["destination"],
        "destination_payment": None,
        "metadata": params.get("metadata") or {},
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{id_}/reversals"},
        "reversed": False,
        "source_transaction": params.get("source_transaction"),
        "source_type": "card",
        "transfer_group": params.get("transfer_group"),
    }


def transfer_reversal(id_: str, created: int, of: Obj, *, amount: int, metadata: Obj) -> Obj:
    return {
        "id": id_,
        "object": "transfer_reversal",
        "created": created,
        "amount": amount,
        "balance_transaction": None,
        "currency": of["currency"],
        "destination_payment_refund": None,
        "metadata": metadata,
        "source_refund": None,
        "transfer": of["id"],
    }
