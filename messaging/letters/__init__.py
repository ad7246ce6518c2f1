"""The words of every mail about a rental: one function a mail, for the customer, the provider, and about money."""
