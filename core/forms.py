"""How every form of the site is rendered: our templates, our classes, hints and errors tied to their fields."""

from typing import Any

from django.forms import BoundField, CheckboxSelectMultiple, FileInput, RadioSelect, Widget
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import CheckboxInput


class DesignBoundField(BoundField):
    """A bound field whose widget carries the design's class and whose error replaces its hint."""

    @property
    def aria_describedby(self) -> str | None:
        """The id of what stands below the field: the error, or else the hint."""
        if not self.auto_id or self.is_hidden:
            return None
        if self.errors:
            return f"{self.auto_id}_error"
        return f"{self.auto_id}_helptext" if self.help_text else None

    @property
    def described_by(self) -> str:
        """The same for the fieldset around a group of choices."""
        return self.aria_describedby or ""

    @property
    def target_id(self) -> str:
        """Where the error summary leads: the field, or the first choice of a group."""
        if isinstance(self.field.widget, RadioSelect | CheckboxSelectMultiple):
            return f"{self.auto_id}_0"
        return str(self.id_for_label or self.auto_id)

    def build_widget_attrs(self, attrs: Any, widget: Widget | None = None) -> Any:
        """The attributes of the widget; a class that the form gave is kept."""
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
            # A single choice cannot be wrong by itself: the group is, and says so.
            built.pop("aria-invalid", None)
        elif not widget.is_hidden and not isinstance(widget, CheckboxInput):
            kind = "file" if isinstance(widget, FileInput) else "input"
            own = str(widget.attrs.get("class", "")).split()
            built["class"] = " ".join([kind, *[name for name in own if name != kind]])
        return built


class DesignRenderer(TemplatesSetting):
    """FORM_RENDERER: forms, fields and widgets come from the project's templates."""

    form_template_name = "c/form.html"
    field_template_name = "c/field.html"
    bound_field_class = DesignBoundField
