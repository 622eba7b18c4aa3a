"""The live card: the widget, its traits, the publisher, the requests of the page.

It shows what `following` reports and never talks HTTP itself.
"""
