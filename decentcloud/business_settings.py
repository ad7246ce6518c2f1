"""The settings of the business: deadlines, fees, gateways, VAT, the seller. Read from the environment, as settings.py."""

from decentcloud.environment import env

# --- Rules of the business ----------------------------------------------------------------------------------------------------

QUOTE_MINUTES: int = env.int("QUOTE_MINUTES", default=30)
# How many units one account may hold that nobody has paid for yet, by quotes and by orders together.
UNPAID_UNITS_LIMIT: int = env.int("UNPAID_UNITS_LIMIT", default=20)
PAYMENT_DEADLINE_MINUTES: int = env.int("PAYMENT_DEADLINE_MINUTES", default=60)
ANSWER_DEADLINE_HOURS: int = env.int("ANSWER_DEADLINE_HOURS", default=48)
PROVISIONING_DEADLINE_HOURS: int = env.int("PROVISIONING_DEADLINE_HOURS", default=2)
CONFIRM_DEADLINE_HOURS: int = env.int("CONFIRM_DEADLINE_HOURS", default=24)
SUSPENSION_LIMIT_DAYS: int = env.int("SUSPENSION_LIMIT_DAYS", default=30)
PLATFORM_FEE_BP: int = env.int("PLATFORM_FEE_BP", default=1000)
# The smallest payments, in minor units by currency, where they are not those of core/currencies.py.
PAYMENT_MINIMUMS: dict[str, int] = env.dict("PAYMENT_MINIMUMS", cast={"value": int}, default={})
# A refund above so many minor units of its currency waits for a second pair of eyes (0: each does). In a currency that is not
# named here none does.
REFUND_APPROVAL_LIMITS: dict[str, int] = env.dict("REFUND_APPROVAL_LIMITS", cast={"value": int}, default={})

# The hour (UTC) of the daily release of what providers have earned.
RELEASE_HOUR: int = env.int("RELEASE_HOUR", default=3)
# Who bears what a bank takes back beyond what is not earned yet: provider (with our fee on it) or platform.
DISPUTE_LOSS_BEARER: str = env.str("DISPUTE_LOSS_BEARER", default="provider")
# A payout is approved by somebody else than who proposed it.
PAYOUT_SECOND_PERSON: bool = env.bool("PAYOUT_SECOND_PERSON", default=not env.bool("DEBUG", default=False))
# The smallest payouts, in minor units by currency. In a currency that is not named here, any amount.
PAYOUT_MINIMUMS: dict[str, int] = env.dict("PAYOUT_MINIMUMS", cast={"value": int}, default={})
# So many days after its first release a provider is paid for the first time.
PAYOUT_NEW_PROVIDER_DAYS: int = env.int("PAYOUT_NEW_PROVIDER_DAYS", default=14)
# So long after a new bank account or address was confirmed, nothing is paid to it.
PAYOUT_METHOD_HOLD_HOURS: int = env.int("PAYOUT_METHOD_HOLD_HOURS", default=24)
# The account that payouts leave from, on SEPA files; empty: the seller's IBAN.
PAYOUT_IBAN: str = env.str("PAYOUT_IBAN", default="")
PAYOUT_BIC: str = env.str("PAYOUT_BIC", default="")

# Payouts through Stripe: to accounts that providers connect themselves. Needs STRIPE_SECRET_KEY.
STRIPE_CONNECT: bool = env.bool("STRIPE_CONNECT", default=False)
# Payouts in a token of the Internet Computer: the wallet's key (PEM, or an Ed25519 seed in hex), and the token's ledger (an id).
ICRC1_WALLET_KEY: str = env.str("ICRC1_WALLET_KEY", default="")
ICRC1_LEDGER: str = env.str("ICRC1_LEDGER", default="")
# The ledger's index canister: there, a transfer that was not answered for a day is looked for.
ICRC1_INDEX: str = env.str("ICRC1_INDEX", default="")
# What one token stands for.
ICRC1_CURRENCY: str = env.str("ICRC1_CURRENCY", default="USD")
ICRC1_API_BASE: str = env.str("ICRC1_API_BASE", default="https://icp-api.io").rstrip("/")
# The root key (DER, hex) of a replica on a desk; empty: the Internet Computer's own.
ICRC1_ROOT_KEY: str = env.str("ICRC1_ROOT_KEY", default="")

SANDBOX_ENABLED: bool = env.bool("SANDBOX_ENABLED", default=env.bool("DEBUG", default=False))
# The first one signs, all of them verify: a new one goes in front, the old one out a week later.
SANDBOX_WEBHOOK_SECRETS: list[str] = env.list("SANDBOX_WEBHOOK_SECRETS", default=[])

# Without a key, cards are not offered. The base address is Stripe's own but for a stand-in in tests and on a desk.
STRIPE_SECRET_KEY: str = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS: list[str] = env.list("STRIPE_WEBHOOK_SECRETS", default=[])
STRIPE_API_BASE: str = env.str("STRIPE_API_BASE", default="")
# Where Stripe's payment pages are: its own address, or a custom domain of yours there.
STRIPE_CHECKOUT_ORIGIN: str = env.str("STRIPE_CHECKOUT_ORIGIN", default="https://checkout.stripe.com").rstrip("/")
STRIPE_AUTOMATIC_TAX: bool = env.bool("STRIPE_AUTOMATIC_TAX", default=True)

# Without both keys and a secret, ICPay is not offered. The base address is ICPay's own but for its test network and a stand-in.
ICPAY_PUBLISHABLE_KEY: str = env.str("ICPAY_PUBLISHABLE_KEY", default="")
ICPAY_SECRET_KEY: str = env.str("ICPAY_SECRET_KEY", default="")
ICPAY_WEBHOOK_SECRETS: list[str] = env.list("ICPAY_WEBHOOK_SECRETS", default=[])
ICPAY_API_BASE: str = env.str("ICPAY_API_BASE", default="https://api.icpay.org").rstrip("/")
# Where ICPay's payment pages are.
ICPAY_PAY_ORIGIN: str = env.str("ICPAY_PAY_ORIGIN", default="https://icpay.org").rstrip("/")
# So many of a token's smallest units may be missing from a payment, or too many, for it to count as exact.
ICPAY_TOLERANCE_UNITS: int = env.int("ICPAY_TOLERANCE_UNITS", default=0)
# none: payments by ICPay are of the net, with a receipt and no invoice where VAT would be due; table: taxed as all others.
ICPAY_TAX: str = env.str("ICPAY_TAX", default="none")
# The token of a user of ICPay's dashboard, by which full refunds go back by themselves; without it staff pays all by hand.
ICPAY_USER_TOKEN: str = env.str("ICPAY_USER_TOKEN", default="")
# So long after a customer changed where tokens go back to, nothing is sent there.
REFUND_ADDRESS_HOLD_HOURS: int = env.int("REFUND_ADDRESS_HOLD_HOURS", default=24)

VIES_BASE: str = env.str("VIES_BASE", default="https://ec.europa.eu/taxation_customs/vies/rest-api").rstrip("/")
# The header in which a proxy of ours tells a visitor's country by IP address, such as CF-IPCountry: it proves where buyers are.
COUNTRY_HEADER: str = env.str("COUNTRY_HEADER", default="")

INVOICE_SELLER_NAME: str = env.str("INVOICE_SELLER_NAME", default="")
INVOICE_SELLER_STREET: str = env.str("INVOICE_SELLER_STREET", default="")
INVOICE_SELLER_POSTCODE: str = env.str("INVOICE_SELLER_POSTCODE", default="")
INVOICE_SELLER_CITY: str = env.str("INVOICE_SELLER_CITY", default="")
INVOICE_SELLER_COUNTRY: str = env.str("INVOICE_SELLER_COUNTRY", default="DE")
INVOICE_SELLER_VAT_ID: str = env.str("INVOICE_SELLER_VAT_ID", default="")
INVOICE_SELLER_TAX_NO: str = env.str("INVOICE_SELLER_TAX_NO", default="")
INVOICE_SELLER_REG_ID: str = env.str("INVOICE_SELLER_REG_ID", default="")
INVOICE_SELLER_EMAIL: str = env.str("INVOICE_SELLER_EMAIL", default="")
INVOICE_SELLER_IBAN: str = env.str("INVOICE_SELLER_IBAN", default="")
INVOICE_SELLER_TIMEZONE: str = env.str("INVOICE_SELLER_TIMEZONE", default="Europe/Berlin")
INVOICE_SELLER_VAT_SCHEME: str = env.str("INVOICE_SELLER_VAT_SCHEME", default="standard")
# Registered for the One-Stop Shop: VAT of other member states' consumers is declared there, at their rates.
INVOICE_SELLER_OSS: bool = env.bool("INVOICE_SELLER_OSS", default=False)
INVOICE_SELLER_VAT_CURRENCY: str = env.str("INVOICE_SELLER_VAT_CURRENCY", default="EUR")

# The ECB's reference rates of the last ninety days; empty: none are fetched, and the committed table holds.
ECB_RATES_URL: str = env.str("ECB_RATES_URL", default="https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml")
