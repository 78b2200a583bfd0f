# SPDX-License-Identifier: MIT-0
"""The rules of the house, one module a subject. tools/check_house.py runs them all."""
