"""The examples of the styleguide: for each component the parameters of its states. The tests render them too."""

from typing import Any

from django import forms
from django.utils.safestring import mark_safe

Example = dict[str, Any]

TWO_BUTTONS = mark_safe('<a class="btn btn--s btn--primary" href="#c-notice">Pay €&nbsp;1.84</a>')
PRIMARY = mark_safe('<a class="btn btn--primary" href="#c-empty">Drop the memory filter</a>')
BADGE = mark_safe('<span class="badge badge--live badge--l">Running</span>')
PARAGRAPH = mark_safe('<p class="soft">What opens stays in place; nothing covers the page.</p>')


class ExampleForm(forms.Form):
    """A form with a field of every kind."""

    host_name = forms.CharField(required=False, label="Host name", help_text="Letters, digits and hyphens.")
    postcode = forms.RegexField(r"^\d{5}$", label="Postcode", error_messages={"invalid": "A German postcode has five digits."})
    country = forms.ChoiceField(label="Country", choices=[("DE", "Germany"), ("EE", "Estonia")])
    server_id = forms.CharField(
        label="Server id", required=False, widget=forms.TextInput(attrs={"class": "mono", "readonly": True})
    )
    message = forms.CharField(label="Message", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    system = forms.ChoiceField(
        label="Operating system",
        choices=[("debian", "Debian 13"), ("ubuntu", "Ubuntu 24.04")],
        widget=forms.RadioSelect,
        help_text="It can be changed later, by the provider.",
    )
    file = forms.FileField(label="File", required=False, help_text="CSV, 2 MB at most.")
    saved = forms.BooleanField(label="I have saved what I need", help_text="The disk is erased at once.")


def _form() -> ExampleForm:
    """The example form, refused for two reasons."""
    return ExampleForm(
        {"postcode": "2045", "country": "DE", "server_id": "7Q4M-2KXP", "host_name": "build-01", "saved": "on"},
        auto_id="sg_%s",
    )


def _fresh(name: str) -> Any:
    """A bound field of a form that nobody sent yet."""
    return ExampleForm(initial={"country": "EE"}, auto_id=f"sg_{name}_%s")[name]


def _days() -> list[dict[str, str]]:
    """Ninety days, three of them with trouble."""
    trouble = {61: ("part", "partly down"), 74: ("down", "down"), 75: ("part", "partly down")}
    return [
        {"tone": trouble[day][0], "label": trouble[day][1]} if day in trouble else {"tone": "ok", "label": ""} for day in range(90)
    ]


MONTHS = [
    {"label": label, "value": value, "text": f"{value:,}", "current": label == "Nov"}
    for label, value in zip(
        ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"),
        (2140, 2260, 2390, 2310, 2680, 2850, 2920, 3110, 3050, 3390, 3610, 2216),
        strict=True,
    )
]

# The words of both sides for every state, as DESIGN.md and the presenters have them.
STATES = (
    ("requested, unpaid", "Waiting for your payment", "act", "Not paid yet", "end"),
    ("requested, paid", "Waiting for provider", "wait", "Needs your answer", "act"),
    ("accepted", "Accepted, set-up next", "wait", "Ready to set up", "act"),
    ("provisioning", "Being set up", "wait", "Being set up", "wait"),
    ("provisioned", "Delivered, please check", "act", "Customer is checking", "wait"),
    ("active", "Running", "live", "Running", "live"),
    ("suspended", "Paused: payment dispute", "stop", "Paused: payment dispute", "stop"),
    ("completed", "Ended", "end", "Ended", "end"),
    ("cancelled", "Cancelled by you", "end", "Cancelled by customer", "end"),
    ("rejected", "Declined, refunded", "end", "Declined by you", "end"),
    ("expired, unpaid", "Not paid in time", "end", "Not paid in time", "end"),
    ("expired, paid", "No answer, refunded", "end", "You did not answer", "stop"),
    ("provisioning_failed", "Set-up failed, refunded", "stop", "Set-up failed", "stop"),
)

AMOUNTS = {"released": "€\xa038.01", "escrow": "€\xa077.19", "refunded": "€\xa00.00"}

SWATCHES = (
    "paper", "surface", "sunken", "line", "line-strong", "control", "ink", "ink-2", "ink-3", "accent", "accent-tint",
    "good-mid", "act", "act-tint", "wait", "wait-tint", "stop", "stop-tint", "money-released", "money-escrow", "money-refunded",
)  # fmt: skip


def examples() -> dict[str, list[Example]]:
    """Component → the parameters of each state that is shown."""
    form = _form()
    return {
        "icon": [{"name": "search"}, {"name": "refund", "cls": "icon--l"}],
        "logo": [{"label": "Decent Cloud"}],
        "button": [
            {"label": "Rent this server", "kind": "primary"},
            {"label": "Compare", "url": "#c-button", "icon": "plus", "after": "VPS 8 NVMe"},
            {"label": "Clear", "kind": "quiet", "type": "reset"},
            {"label": "Cancel rental", "kind": "danger", "name": "outcome", "value": "cancel", "form": "sg-form"},
            {"label": "Large", "kind": "primary", "size": "l"},
            {"label": "Small", "size": "s", "icon": "download"},
            {"label": "Paying", "kind": "primary", "busy": True},
            {"label": "Sold out", "disabled": True},
            {"label": "Older", "url": "#c-button", "disabled": True, "size": "s"},
            {"label": "Pay € 137.09", "kind": "primary", "size": "l", "icon": "lock", "wide": True},
        ],
        "badge": [{"label": words, "tone": tone} for _state, words, tone, _other, _tone in STATES]
        + [{"label": "Running", "tone": "live", "size": "l"}],
        "chip": [
            {"label": "4 cores or more", "remove_url": "#c-chip"},
            {"label": "Storage", "url": "#c-chip"},
            {"label": "just words"},
        ],
        "tag": [{"label": "ECC"}, {"label": "best", "good": True}],
        "place": [{"country": "DE", "name": "Germany", "city": "Nuremberg"}, {"country": "FI"}],
        "market": [{"percent": -12}, {"percent": 2}, {"percent": 9}, {"percent": None}],
        "monogram": [{"text": "Qs"}],
        "notice": [
            {"kind": "good", "title": "Cancelled.", "text": "€\xa091.07 is on its way to your card."},
            {
                "kind": "act",
                "title": "Pay by 15:02.",
                "text": "Then the stock is given back.",
                "actions": TWO_BUTTONS,
                "id": "sg-notice",
            },
            {"text": "VIES does not answer. VAT is charged for now; we ask again.", "icon": "flask"},
            {
                "kind": "stop",
                "title": "The payment did not go through.",
                "text": "Your bank said no; nothing was charged.",
            },
        ],
        "messages": [{"messages": []}],
        "head": [
            {
                "title": "VPS 8 NVMe",
                "crumbs": [{"label": "Rentals", "url": "#c-head"}, {"label": "7Q4M-2KXP"}],
                "beside": BADGE,
                "lede": "Rented from Quietstack. Nothing to do; it ends on 17 Jan 2027 at 09:14 UTC.",
                "actions": PRIMARY,
                "over": "",
            }
        ],
        "panel": [
            {
                "title": "Money so far",
                "id": "sg-panel",
                "aside": mark_safe('<a href="#c-panel">All 38</a>'),
                "body": PARAGRAPH,
                "foot": "Leave after 30 days and €\xa076.80 comes back, plus its VAT.",
                "lift": True,
            },
            {"label": "A panel without title", "body": PARAGRAPH},
        ],
        "section": [
            {
                "title": "Connection",
                "id": "sg-section",
                "aside": "encrypted to your key “laptop”",
                "body": PARAGRAPH,
                "anchor": "sg-anchor",
            },
            {"title": "Term", "id": "sg-section-num", "body": PARAGRAPH, "num": True, "first": True},
        ],
        "figures": [
            {
                "items": [
                    {"label": "Measured uptime", "value": "99.992", "unit": "%", "rests_on": "38 servers, 90 days"},
                    {"label": "First answer", "value": 11, "unit": "min", "rests_on": "median of 214 requests"},
                    {"label": "Would rent again", "value": None, "rests_on": "4 answers of 20; shown from 10 on"},
                ]
            }
        ],
        "statement": [
            {
                "lines": [
                    {"label": "Unused, 59.79 of 90 days", "note": "counted to the second", "amount": "€\xa076.53"},
                    {"label": "VAT 19 % on it", "amount": "€\xa014.54"},
                    {"label": "Came back", "amount": "−€\xa00.00", "back": True},
                ],
                "total": {"label": "Comes back to your card", "note": "within 5 days", "amount": "€\xa091.07"},
                "narrow": True,
            }
        ],
        "facts": [
            {
                "pairs": [
                    {"label": "IPv4", "value": "203.0.113.48", "mono": True},
                    {"label": "System", "value": "Debian 13"},
                    {"label": "Console", "value": "Open rescue console", "url": "#c-facts"},
                ],
                "one": True,
            }
        ],
        "table": [
            {
                "caption": "Last night’s releases",
                "headers": [{"label": "Rental"}, {"label": "Reference"}, {"label": "Yours", "num": True}],
                "rows": [
                    [
                        {"text": "Vault 40", "sub": "a customer in Germany", "url": "#c-table"},
                        {"text": "7Q02-5KXP", "mono": True, "label": "Reference"},
                        {"text": "€\xa01.92", "num": True, "label": "Yours"},
                    ]
                ],
                "total": [{"text": "All"}, {"text": ""}, {"text": "€\xa01.92", "num": True}],
            }
        ],
        "term": [
            {
                "released": 33,
                "refunded": 0,
                "now": "33.6",
                "now_label": "now, day 31",
                "start": "Started 19 Oct",
                "end": "Ends 17 Jan",
                "amounts": AMOUNTS,
            },
            {"released": 40, "refunded": 60, "start": "Started 22 Oct", "end": "Cancelled 3 Nov"},
            {"released": 30, "refunded": 20, "now": 30, "now_label": "now", "start": "Started 1 Oct", "end": "29 Dec"},
            {
                "released": 33,
                "key": [{"label": "Still to earn", "more": " after the fee", "amount": "€\xa069.47", "part": "escrow"}],
            },
            {"unpaid": True, "size": "s", "start": "Not paid yet", "end": "7 days"},
            {"released": 0, "size": "s", "start": "Starts at delivery", "end": "30 days"},
            {"released": 100, "size": "s", "start": "30 of 30 days", "end": "ended", "label": "all released"},
        ],
        "uptime": [
            {"days": _days(), "label": "90 days, 3 with trouble", "start": "21 Aug", "end": "today"},
            {"days": _days(), "label": "90 days, 3 with trouble", "size": "s"},
        ],
        "histogram": [
            {
                "counts": [2, 4, 8, 14, 23, 32, 39, 43, 36, 33, 28, 23, 19, 17, 12, 10, 9, 6, 5, 4, 2, 2, 1, 1],
                "mine": 8,
                "median": 45,
                "median_label": "median € 43.60",
                "low": "€ 22",
                "middle": "€ 46",
                "high": "€ 70",
                "label": "Prices of 373 similar offerings from 22 to 70 euro; this one is cheaper than 71 percent",
            }
        ],
        "chart_months": [
            {
                "values": MONTHS,
                "label": "Released to you each month, from 2,140 euro in December to 3,610 euro in October",
            }
        ],
        "timeline": [
            {
                "entries": [
                    {"what": "Ends, unless extended", "when": "17 Jan", "next": True},
                    {"what": "Running", "note": "31st release made", "when": "18 Nov", "now": True},
                    {
                        "what": "Delivered by Quietstack",
                        "note": "the term starts",
                        "when": "19 Oct",
                        "machine": "2026-10-19T09:14:00Z",
                    },
                ]
            }
        ],
        "message": [
            {"by": "Quietstack", "when": "08:52", "machine": "2026-11-09T08:52:00Z", "text": "Done, give it an hour."},
            {"by": "You", "when": "08:55", "text": "Works.\nThank you.", "mine": True},
            {"text": "Delivered on 19 Oct, 09:14", "event": True},
        ],
        "composer": [{"field": _fresh("message"), "label": "Send", "actions": ""}],
        "field": [
            {"field": _fresh("host_name"), "width": "half"},
            {"field": form["postcode"], "width": "half"},
            {"field": form["country"], "width": "half"},
            {"field": form["server_id"], "width": "half", "optional": ""},
            {"field": form["message"]},
            {"field": _fresh("system"), "optional": "we choose if you do not"},
            {"field": form["system"]},
            {"field": form["file"]},
            {"field": form["saved"]},
        ],
        "errors": [{"form": form}, {"form": form, "title": "This rental was not cancelled."}],
        "form": [{"form": ExampleForm(auto_id="sg_form_%s")}],
        "choice": [
            {
                "name": "sg_hours",
                "legend": "Term",
                "options": [
                    {"value": 720, "main": "30 days", "end": "€\xa038.40", "end_sub": "€\xa01.28 a day"},
                    {
                        "value": 2160,
                        "main": "90 days",
                        "sub": "Ends about 16 Feb 2027",
                        "end": "€\xa0115.20",
                        "checked": True,
                    },
                    {
                        "value": 8760,
                        "main": "365 days",
                        "sub": "180 days at most",
                        "end_sub": "not offered",
                        "disabled": True,
                    },
                ],
                "error": "Choose how long.",
            },
            {
                "name": "sg_os",
                "legend": "Operating system",
                "shown_legend": True,
                "grid": True,
                "options": [{"value": "d", "main": "Debian 13", "id": "sg-d"}, {"value": "u", "main": "Ubuntu 24.04"}],
            },
        ],
        "tick": [
            {"name": "sg_start", "label": "Start now", "hint": "You can still leave on any day.", "checked": True},
            {"name": "sg_terms", "label": "I agree", "required": True, "value": "1", "error": "Tick this to order."},
        ],
        "copy": [{"value": "ssh root@203.0.113.48 -p 22", "what": "the command"}],
        "tabs": [
            {
                "items": [
                    {"label": "All", "url": "#c-tabs", "count": "1,000+", "current": True},
                    {"label": "Needs you", "url": "#c-tabs", "count": 0},
                    {"label": "Running", "url": "#c-tabs"},
                ],
                "label": "Show an example",
            }
        ],
        "pager": [
            {"newer": None, "older": "#c-pager", "range": "1 to 7 of 18"},
            {"newer": "#c-pager", "older": "#c-pager", "newer_label": "Cheaper", "older_label": "Dearer", "label": "Prices"},
        ],
        "steps": [{"n": 2}],
        "fold": [{"title": "Decline", "body": PARAGRAPH, "open": True, "id": "sg-fold"}],
        "empty": [
            {
                "icon": "search",
                "title": "Nothing matches all of this",
                "text": mark_safe("Without <b>memory of 512 GB or more</b> there are 14 offerings."),
                "actions": PRIMARY,
                "level": 3,
            }
        ],
        "subnav": [
            {
                "items": [
                    {"label": "Rentals", "url": "#c-subnav", "current": True},
                    {"label": "Billing", "url": "#c-subnav"},
                ],
                "label": "Example",
            }
        ],
        "subnav_account": [{"path": "/account/billing"}],
        "subnav_provider": [{"path": "/dashboard/provider"}],
        "topbar_links": [{"section": "market", "signed_in": True}, {"section": "how", "signed_in": False}],
        "htmx": [{}],
    }
