"""Only the table of every phrase on a document: English, German, French, Spanish. `words.py` fills the placeholders."""

LANGUAGES = ("en", "de", "fr", "es")

# German law calls "Gutschrift" only what the customer writes; what takes an invoice back is a Rechnungskorrektur.
PHRASES: dict[str, tuple[str, str, str, str]] = {
    # What it is
    "receipt": ("Receipt", "Zahlungsbeleg", "Reçu de paiement", "Recibo de pago"),
    "invoice": ("Invoice", "Rechnung", "Facture", "Factura"),
    "credit_note": ("Credit note", "Rechnungskorrektur", "Avoir", "Factura rectificativa"),
    "page": ("page", "Seite", "page", "página"),
    "of_pages": ("of", "von", "sur", "de"),
    "draft": (
        "DRAFT – seller not configured. Not a valid document.",
        "ENTWURF – Verkäufer nicht eingerichtet. Kein gültiger Beleg.",
        "BROUILLON – vendeur non configuré. Document sans valeur.",
        "BORRADOR – vendedor sin configurar. Documento sin validez.",
    ),
    "draft_short": (
        "DRAFT – seller not configured",
        "ENTWURF – Verkäufer nicht eingerichtet",
        "BROUILLON – vendeur non configuré",
        "BORRADOR – vendedor sin configurar",
    ),
    # Who
    "bill_to": ("Bill to", "Rechnung an", "Facturé à", "Facturar a"),
    "received_from": ("Received from", "Erhalten von", "Reçu de", "Recibido de"),
    "vat_id": ("VAT ID {id}", "USt-IdNr. {id}", "N° TVA {id}", "NIF-IVA {id}"),
    "tax_no": ("Tax no. {id}", "Steuernummer {id}", "N° fiscal {id}", "N.º fiscal {id}"),
    "registration": ("Reg. {id}", "Register {id}", "Immatriculation {id}", "Registro {id}"),
    "iban": ("IBAN {id}", "IBAN {id}", "IBAN {id}", "IBAN {id}"),
    "delivered_by": ("Delivered by {name}", "Erbracht durch {name}", "Fourni par {name}", "Prestado por {name}"),
    # Facts beside the address
    "number": ("Number", "Nummer", "Numéro", "Número"),
    "date": ("Date", "Datum", "Date", "Fecha"),
    "rental": ("Rental", "Miete", "Location", "Alquiler"),
    "served": ("Service period", "Leistungszeitraum", "Période de service", "Período de servicio"),
    "from_until": ("{since} to {until}", "{since} bis {until}", "du {since} au {until}", "del {since} al {until}"),
    "served_since": ("from {since}", "ab {since}", "à partir du {since}", "desde el {since}"),
    "served_up_to": ("until {until}", "bis {until}", "jusqu’au {until}", "hasta el {until}"),
    "served_later": (
        "from delivery, for the time booked",
        "ab Bereitstellung, für die gebuchte Zeit",
        "dès la mise à disposition, pour la durée réservée",
        "desde la entrega, por el tiempo contratado",
    ),
    "paid": ("Paid", "Bezahlt", "Payé", "Pagado"),
    "refunded": ("Refunded", "Erstattet", "Remboursé", "Reembolsado"),
    "for_invoice": ("For invoice", "Zur Rechnung", "Sur facture", "Sobre la factura"),
    "invoice_of_day": ("{number} of {day}", "{number} vom {day}", "{number} du {day}", "{number} del {day}"),
    "on_via": ("{day}, via {method}", "{day}, über {method}", "{day}, via {method}", "{day}, vía {method}"),
    # Lines
    "item": ("Item", "Leistung", "Prestation", "Concepto"),
    "quantity": ("Quantity", "Menge", "Quantité", "Cantidad"),
    "price": ("Price, net", "Preis, netto", "Prix HT", "Precio sin IVA"),
    "amount": ("Amount, net", "Betrag, netto", "Montant HT", "Importe sin IVA"),
    "hours": ("{figure} h", "{figure} Std.", "{figure} h", "{figure} h"),
    "per_hours": ("for {figure} h", "für {figure} Std.", "pour {figure} h", "por {figure} h"),
    "per_pieces": ("for {figure}", "für {figure}", "pour {figure}", "por {figure}"),
    # Sums
    "net": ("Net", "Netto", "Total HT", "Base imponible"),
    "vat": ("VAT", "USt", "TVA", "IVA"),
    "vat_on": ("VAT {rate} of {net}", "{rate} USt auf {net}", "TVA {rate} sur {net}", "IVA {rate} sobre {net}"),
    "vat_in_country": ("{vat} ({country})", "{vat} ({country})", "{vat} ({country})", "{vat} ({country})"),
    "no_vat": ("No VAT", "Keine USt", "Sans TVA", "Sin IVA"),
    "reverse_charge_rate": (
        "VAT 0 %, reverse charge",
        "USt 0 %, Reverse-Charge",
        "TVA 0 %, autoliquidation",
        "IVA 0 %, inversión del sujeto pasivo",
    ),
    "includes": ("Includes {vat}", "Darin {vat}", "Dont {vat}", "Incluye {vat}"),
    "total": ("Total {currency}", "Gesamtbetrag {currency}", "Total {currency}", "Total {currency}"),
    "total_with_vat": (
        "Total {currency}, VAT included",
        "Gesamtbetrag {currency}, inkl. USt",
        "Total {currency}, TVA comprise",
        "Total {currency}, IVA incluido",
    ),
    "paid_row": ("Paid on {day}", "Bezahlt am {day}", "Payé le {day}", "Pagado el {day}"),
    "paid_row_bare": ("Paid", "Bezahlt", "Payé", "Pagado"),
    "refunded_row": ("Refunded on {day}", "Erstattet am {day}", "Remboursé le {day}", "Reembolsado el {day}"),
    "refunded_row_bare": ("Refunded", "Erstattet", "Remboursé", "Reembolsado"),
    "settled_row": (
        "Settled with the new invoice and its refund",
        "Mit neuer Rechnung und Erstattung ausgeglichen",
        "Réglé par la nouvelle facture et son remboursement",
        "Saldado con la nueva factura y su reembolso",
    ),
    "to_pay": ("To pay", "Zu zahlen", "Reste à payer", "A pagar"),
    "to_refund": ("Still to refund", "Noch zu erstatten", "Reste à rembourser", "Pendiente de reembolso"),
    "reported": (
        "VAT in {currency}: {amount} ({currency} 1 = {other} {rate}, {source}, {day}).",
        "USt in {currency}: {amount} (1 {currency} = {rate} {other}, {source}, {day}).",
        "TVA en {currency} : {amount} (1 {currency} = {rate} {other}, {source}, {day}).",
        "IVA en {currency}: {amount} (1 {currency} = {rate} {other}, {source}, {day}).",
    ),
    # The sentence under the heading
    "lede_paid": ("paid in full", "vollständig bezahlt", "payé intégralement", "pagado en su totalidad"),
    "lede_received": ("received with thanks", "dankend erhalten", "bien reçu, merci", "recibido, gracias"),
    "lede_refunded": ("refunded", "erstattet", "remboursés", "reembolsados"),
    "lede_corrected": ("taken back", "zurückgenommen", "annulés", "anulados"),
    "with_vat": ("VAT included", "inkl. USt", "TVA comprise", "IVA incluido"),
    # Notes
    "nothing_to_pay": (
        "Nothing to do. This invoice is paid.",
        "Nichts zu tun. Diese Rechnung ist bezahlt.",
        "Rien à faire. Cette facture est payée.",
        "Nada que hacer. Esta factura está pagada.",
    ),
    "unused_comes_back": (
        "If you leave early, the unused time is refunded with its VAT and you receive a credit note for it.",
        "Wenn Sie früher gehen, wird die ungenutzte Zeit samt USt erstattet, und Sie erhalten darüber eine Rechnungskorrektur.",
        "Si vous partez plus tôt, le temps non utilisé est remboursé avec sa TVA et vous recevez un avoir.",
        "Si se va antes, se reembolsa el tiempo no utilizado con su IVA y recibe una factura rectificativa.",
    ),
    "unused_comes_back_net": (
        "If you leave early, the unused time is refunded and you receive a credit note for it.",
        "Wenn Sie früher gehen, wird die ungenutzte Zeit erstattet, und Sie erhalten darüber eine Rechnungskorrektur.",
        "Si vous partez plus tôt, le temps non utilisé est remboursé et vous recevez un avoir.",
        "Si se va antes, se reembolsa el tiempo no utilizado y recibe una factura rectificativa.",
    ),
    "not_a_tax_invoice": (
        "This is not a tax invoice. It confirms your payment.",
        "Dies ist keine Rechnung im Sinne des Umsatzsteuerrechts. Der Beleg bestätigt Ihre Zahlung.",
        "Ceci n’est pas une facture. Ce reçu confirme votre paiement.",
        "Esto no es una factura. Este recibo confirma su pago.",
    ),
    "invoice_follows": (
        "The invoice follows as soon as the order is accepted; if it is not, all of it comes back.",
        "Die Rechnung folgt, sobald die Bestellung angenommen ist; wird sie es nicht, kommt der ganze Betrag zurück.",
        "La facture suit dès que la commande est acceptée ; sinon, la totalité vous est remboursée.",
        "La factura llega en cuanto se acepte el pedido; si no se acepta, se le devuelve todo.",
    ),
    "corrects": (
        "This credit note takes back part or all of invoice {number} of {day}.",
        "Diese Rechnungskorrektur nimmt die Rechnung {number} vom {day} ganz oder teilweise zurück.",
        "Cet avoir annule tout ou partie de la facture {number} du {day}.",
        "Esta factura rectificativa anula total o parcialmente la factura {number} del {day}.",
    ),
    "reason_unused": (
        "Used {used} of {term}; the unused part is refunded.",
        "Genutzt {used} von {term}; der ungenutzte Teil wird erstattet.",
        "Utilisé {used} sur {term} ; la part non utilisée est remboursée.",
        "Utilizado {used} de {term}; se reembolsa la parte no utilizada.",
    ),
    "reason_unused_bare": (
        "The unused part is refunded.",
        "Der ungenutzte Teil wird erstattet.",
        "La part non utilisée est remboursée.",
        "Se reembolsa la parte no utilizada.",
    ),
    "fee_kept": (
        "The set-up fee is kept.",
        "Die Einrichtungsgebühr bleibt bestehen.",
        "Les frais de mise en service restent dus.",
        "La cuota de alta no se devuelve.",
    ),
    "reason_full": (
        "Nothing was served: all of it is refunded.",
        "Es wurde nichts erbracht: Der ganze Betrag wird erstattet.",
        "Rien n’a été fourni : la totalité est remboursée.",
        "No se prestó nada: se reembolsa todo.",
    ),
    "reason_goodwill": ("Refunded as goodwill.", "Aus Kulanz erstattet.", "Geste commercial.", "Reembolsado por cortesía."),
    "reason_imported": (
        "Refunded through the payment service.",
        "Über den Zahlungsdienst erstattet.",
        "Remboursé par le service de paiement.",
        "Reembolsado a través del servicio de pago.",
    ),
    "reason_dispute": (
        "Your bank has taken the payment back in a dispute.",
        "Ihre Bank hat die Zahlung in einem Streitfall zurückgeholt.",
        "Votre banque a repris le paiement à la suite d’une contestation.",
        "Su banco ha recuperado el pago en una disputa.",
    ),
    "reason_vat": (
        "Your VAT ID has been confirmed, so no VAT was due and it is refunded. A new invoice over the same net amount follows.",
        "Ihre USt-IdNr. wurde bestätigt: USt war nicht fällig und wird erstattet. Eine neue Rechnung über den Nettobetrag folgt.",
        "Votre n° TVA a été confirmé : la TVA n’était pas due et vous est remboursée. Une facture du même montant HT suit.",
        "Su NIF-IVA ha sido confirmado: no se debía IVA y se le reembolsa. Sigue una factura nueva por la misma base.",
    ),
    # What the law wants to read
    "law_AE": (
        "Reverse charge: VAT to be accounted for by the recipient, Article 196 of Directive 2006/112/EC.",
        "Steuerschuldnerschaft des Leistungsempfängers (Reverse-Charge), Artikel 196 der Richtlinie 2006/112/EG.",
        "Autoliquidation : TVA due par le preneur, article 196 de la directive 2006/112/CE.",
        "Inversión del sujeto pasivo: IVA a cargo del destinatario, artículo 196 de la Directiva 2006/112/CE.",
    ),
    "law_O": (
        "Not subject to EU VAT: the place of supply is outside the Union, Articles 44 and 58 of Directive 2006/112/EC.",
        "Nicht steuerbar in der EU: Der Leistungsort liegt außerhalb der Union, Artikel 44 und 58 der Richtlinie 2006/112/EG.",
        "Hors champ de la TVA de l’UE : lieu de la prestation hors de l’Union, articles 44 et 58 de la directive 2006/112/CE.",
        "No sujeto al IVA de la UE: prestación localizada fuera de la Unión, artículos 44 y 58 de la Directiva 2006/112/CE.",
    ),
    "law_E": (
        "No VAT: exempt under the scheme for small enterprises, Article 284 of Directive 2006/112/EC{national}.",
        "Keine USt: steuerfrei als Kleinunternehmer, Artikel 284 der Richtlinie 2006/112/EG{national}.",
        "TVA non applicable : franchise des petites entreprises, article 284 de la directive 2006/112/CE{national}.",
        "Sin IVA: exento por el régimen de pequeñas empresas, artículo 284 de la Directiva 2006/112/CE{national}.",
    ),
}

# Where the exemption of small businesses stands in the seller's own law, which its invoices have to name.
SMALL_BUSINESS_LAW = {
    "AT": "§ 6 Abs. 1 Z 27 UStG",
    "BE": "art. 56bis CTVA",
    "DE": "§ 19 UStG",
    "FR": "art. 293 B du CGI",
    "IT": "art. 1, c. 54-89, L. 190/2014",
    "LU": "art. 57bis LTVA",
    "NL": "art. 25 Wet OB 1968",
}
