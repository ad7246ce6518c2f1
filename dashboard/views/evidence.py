"""Only what staff sends to a bank: the evidence of a dispute, to be downloaded."""

from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.access import user_of
from core.outbox import emit
from core.zip_stream import zip_stream
from dashboard.access import staffs_dispute
from dashboard.evidence import evidence_files


@require_GET
def dispute_evidence(request: HttpRequest, dispute_id: int) -> StreamingHttpResponse:
    """All that speaks for us, as one zip; who fetched it stands in the audit trail, for it is about a person."""
    dispute = staffs_dispute(request, dispute_id)
    contract = dispute.payment.charge.contract
    with transaction.atomic():
        emit("dispute.evidence_fetched", contract, dispute=dispute.pk, actor_kind="staff", actor=user_of(request).pk)
    return StreamingHttpResponse(
        zip_stream(evidence_files(dispute)),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="evidence-{contract.reference}-{dispute.pk}.zip"',
            "Cache-Control": "no-store",
        },
    )
