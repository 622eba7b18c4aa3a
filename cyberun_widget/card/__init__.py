"""The live card: the widget, its traits, the publisher, and requests from the page.

It shows what `following` reports and makes no HTTP requests.
"""
