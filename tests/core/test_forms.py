"""Forms drawn by our own templates: label above, hint below, an error in the hint's place and tied to its field."""

from django import forms


class Address(forms.Form):
    street = forms.CharField(label="Street", help_text="And the number.")
    zip_code = forms.RegexField(r"^\d{5}$", label="Postcode", error_messages={"invalid": "Five digits."})
    company = forms.CharField(label="Company", required=False, widget=forms.TextInput(attrs={"class": "mono"}))
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect, help_text="One of two.")
    agree = forms.BooleanField(label="I agree")
    token = forms.CharField(widget=forms.HiddenInput)


FULL = {"street": "Musterkai 1", "zip_code": "20000", "kind": "a", "agree": "on", "token": "x"}


def test_widgets_carry_the_classes_of_the_design() -> None:
    form = Address()
    assert 'class="input"' in str(form["street"])
    assert 'class="input mono"' in str(form["company"])
    assert "class=" not in str(form["agree"])
    assert "class=" not in str(form["token"])


def test_hint_stands_below_and_describes_the_field() -> None:
    html = Address()["street"].as_field_group()
    assert html.index("<label") < html.index("<input") < html.index("And the number.")
    assert 'aria-describedby="id_street_helptext"' in html
    assert 'id="id_street_helptext"' in html


def test_error_takes_the_place_of_the_hint() -> None:
    html = Address({**FULL, "street": ""})["street"].as_field_group()
    assert "And the number." not in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_street_error"' in html
    assert 'id="id_street_error"' in html


def test_group_of_choices_is_described_as_a_whole() -> None:
    html = Address({**FULL, "kind": ""})["kind"].as_field_group()
    assert '<fieldset class="field" aria-describedby="id_kind_error">' in html
    assert "aria-invalid" not in html
    assert html.count('type="radio"') == 2


def test_optional_is_said_and_required_is_not() -> None:
    form = Address()
    assert "optional" in form["company"].as_field_group()
    assert "optional" not in form["street"].as_field_group()
    assert "optional" not in form["agree"].as_field_group()


def test_summary_leads_to_every_wrong_field() -> None:
    form = Address({**FULL, "street": "", "zip_code": "2045", "kind": ""})
    form.add_error(None, "The address is unknown.")
    html = str(form)
    assert 'href="#id_street"' in html
    assert 'href="#id_zip_code"' in html
    assert 'href="#id_kind_0"' in html
    assert "The address is unknown." in html
    assert html.count('role="alert"') == 1
    for target in ("id_street", "id_zip_code", "id_kind_0"):
        assert f'id="{target}"' in html


def test_valid_or_new_form_has_no_summary() -> None:
    assert "alert" not in str(Address())
    assert "alert" not in str(Address(FULL))


def test_hidden_fields_are_drawn_once_without_label() -> None:
    html = str(Address())
    assert html.count('name="token"') == 1
    assert "Token" not in html


def test_what_was_typed_is_escaped() -> None:
    html = str(Address({**FULL, "street": '"><script>', "zip_code": "<b>"}))
    assert "<script>" not in html
    assert '<b>"' not in html
