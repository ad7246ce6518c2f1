"""The only place where the whole project's own system checks are registered."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import import_string

from decentcloud.checks import check_database, check_production
from decentcloud.payout_checks import check_rails, check_rails_in_production
from decentcloud.stripe_checks import check_stripe, check_stripe_in_production


class DecentCloudConfig(AppConfig):
    """The project itself as an app without models, so that its checks run with everybody's."""

    name = "decentcloud"
    verbose_name = "Decent Cloud"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(check_database)
        register(check_production, Tags.security, deploy=True)
        register(check_stripe)
        register(check_rails)
        register(check_rails_in_production, Tags.security, deploy=True)
        register(check_stripe_in_production, Tags.security, deploy=True)
        # They know models, which are there only now.
        register(import_string("decentcloud.seller_checks.check_seller"))
        register(import_string("decentcloud.seller_checks.check_sellers_documents"), Tags.security, deploy=True)
        register(import_string("decentcloud.seller_checks.check_threshold"), Tags.database)
        register(import_string("decentcloud.icpay_checks.check_icpay"))
        register(import_string("decentcloud.icpay_checks.check_icpay_in_production"), Tags.security, deploy=True)
        register(import_string("decentcloud.icpay_checks.check_icpay_tax"))
        register(import_string("decentcloud.icpay_checks.check_icpay_tax_in_production"), Tags.security, deploy=True)
        register(import_string("decentcloud.release_checks.check_release"))
