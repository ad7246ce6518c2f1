"""The agreement between customer and provider: frozen terms, price, states."""
