"""Deliveries over time: who sends what when, in which format, with what dirt, and the truth about all of it.

A schedule first (`schedule`), then one block of people after another, its rows spooled per delivery (`spool`), then
files and receipts in order (`files`). Says nothing about people or what is recorded of them.
"""
